"""Users, their phone numbers, and the counts of login attempts."""

from uuid import uuid4

from django.contrib.auth.models import AbstractUser
from django.db import models
from phonenumber_field.modelfields import PhoneNumberField


class User(AbstractUser):
    """An end user, or a service account: the account of a monitoring system."""

    # Links use the UUID: a primary key would show how many accounts there are.
    uuid = models.UUIDField("UUID", default=uuid4, unique=True, editable=False)
    # Set by the service that creates the account. Tokens of service accounts have a lifetime of their own.
    is_service_account = models.BooleanField(default=False, db_default=False, editable=False)


class PhoneNumber(models.Model):
    """A phone number for text messages, stored as E.164. A user may enter the same number twice."""

    user = models.ForeignKey(User, models.CASCADE, related_name="phone_numbers")
    phone_number = PhoneNumberField()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.phone_number} ({self.user})"


class LoginAttempts(models.Model):
    """How often passwords were tried for a user name from a client address (see ``login_throttle``).

    The row with an empty name counts all attempts from the address.
    """

    username = models.CharField("user name", max_length=150, blank=True)
    address = models.GenericIPAddressField()
    attempts = models.PositiveIntegerField(default=0)
    last_attempt = models.DateTimeField()

    class Meta:
        verbose_name = verbose_name_plural = "login attempts"
        constraints = [
            models.UniqueConstraint(fields=["username", "address"], name="loginattempts_username_address_uniq"),
        ]

    def __str__(self) -> str:
        return f"{self.username or 'any name'} from {self.address}"
