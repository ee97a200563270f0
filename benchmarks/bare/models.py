"""One table."""

from django.db import models


class Note(models.Model):
    """Some text, kept."""

    text = models.TextField()

    def __str__(self):
        return self.text[:60]
