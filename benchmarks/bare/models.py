"""The table of the baseline app."""

from django.db import models


class Note(models.Model):
    """A stored text."""

    text = models.TextField()

    def __str__(self) -> str:
        return self.text[:60]
