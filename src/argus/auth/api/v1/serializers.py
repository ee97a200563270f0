"""Accounts and phone numbers as the API shows and takes them."""

from phonenumber_field.serializerfields import PhoneNumberField
from rest_framework import serializers

from argus.auth.models import PhoneNumber, User


class PhoneNumberSerializer(serializers.ModelSerializer):
    """A phone number: E.164, with country code, and in a series that is really in use (libphonenumber)."""

    phone_number = PhoneNumberField(help_text="With country code, such as +4767676767.")

    class Meta:
        model = PhoneNumber
        fields = ["pk", "user", "phone_number"]
        read_only_fields = ["pk", "user"]


class PublicUserSerializer(serializers.ModelSerializer):
    """What any user may know of any other."""

    class Meta:
        model = User
        fields = ["username", "first_name", "last_name", "email"]
        read_only_fields = fields


class UserSerializer(PublicUserSerializer):
    """What users are told about themselves."""

    phone_numbers = PhoneNumberSerializer(many=True, read_only=True)

    class Meta(PublicUserSerializer.Meta):
        fields = [*PublicUserSerializer.Meta.fields, "phone_numbers"]
        read_only_fields = fields


class LoginMethodSerializer(serializers.Serializer):
    """A way to log in."""

    type = serializers.CharField(help_text="What people call it; `username_password` for a name and a password.")
    url = serializers.URLField(help_text="Where a link leads to or, for `username_password`, where to post to.")
    name = serializers.CharField(help_text="`user_pw` for a name and a password, else the name of the provider.")


class TokenSerializer(serializers.Serializer):
    """A freshly made token."""

    token = serializers.CharField(min_length=40, max_length=40)
