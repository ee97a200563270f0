"""People and programs that use Argus, and how to reach them."""

from uuid import uuid4

from django.contrib.auth.models import AbstractUser
from django.db import models
from phonenumber_field.modelfields import PhoneNumberField


class User(AbstractUser):
    """An end user, or the account of a source system (``incident`` knows which)."""

    # What links to the account carry, where a pk would tell how many accounts there are.
    uuid = models.UUIDField("UUID", default=uuid4, unique=True, editable=False)


class PhoneNumber(models.Model):
    """A number to send text messages to, kept in E.164. One person may enter the same number twice."""

    user = models.ForeignKey(User, models.CASCADE, related_name="phone_numbers")
    phone_number = PhoneNumberField()

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.phone_number} ({self.user})"
