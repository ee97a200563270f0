"""A client of the admin that submits forms as a browser does."""

from html.parser import HTMLParser

from django.test import Client
from django.urls import reverse

from tests.factories import make_superuser

BOXES = {"checkbox", "radio"}


class FormReader(HTMLParser):
    """Read the fields of a page with their values, as a browser would submit them. Buttons are ignored."""

    def __init__(self):
        super().__init__()
        self.data: dict[str, list[str]] = {}
        self.select = self.textarea = None

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if attrs.get("type") in {"submit", "button"}:
            return
        name, kind = attrs.get("name"), attrs.get("type", "text")
        if tag == "select":
            self.select = name
        elif tag == "textarea":
            self.textarea = name
            self.data[name] = [""]
        elif tag == "option" and "selected" in attrs and self.select:
            self.data.setdefault(self.select, []).append(attrs.get("value", ""))
        elif tag == "input" and name and "disabled" not in attrs and (kind not in BOXES or "checked" in attrs):
            self.data.setdefault(name, []).append(attrs.get("value", "on" if kind in BOXES else ""))

    def handle_endtag(self, tag):
        if tag == "select":
            self.select = None
        elif tag == "textarea":
            self.textarea = None

    def handle_data(self, data):
        if self.textarea:
            # HTML drops the first line break of a textarea.
            self.data[self.textarea][0] += data.removeprefix("\r\n").removeprefix("\n")


class Admin:
    """A logged-in user of the admin; a new superuser by default."""

    def __init__(self, user=None):
        self.user = user or make_superuser()
        self.client = Client()
        self.client.force_login(self.user)

    @staticmethod
    def url(model, page: str = "changelist", *args) -> str:
        return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)

    def get(self, model, page: str = "changelist", *args, **query):
        return self.client.get(self.url(model, page, *args), query)

    def rows(self, model, **query) -> list:
        """Return the rows of the list, in order."""
        response = self.get(model, **query)
        assert response.status_code == 200, (response.status_code, response.headers)
        return list(response.context["cl"].result_list)

    def fill(self, model, page: str = "add", *args, **fields) -> dict:
        """Return the values of the page's form with these fields changed. ``None`` removes a field."""
        reader = FormReader()
        reader.feed(self.get(model, page, *args).content.decode())
        data = {**reader.data, **fields}
        return {name: value for name, value in data.items() if value is not None}

    def send(self, model, page: str = "add", *args, **fields):
        """Submit the form with these fields changed."""
        return self.client.post(self.url(model, page, *args), self.fill(model, page, *args, **fields))

    def save(self, model, page: str = "add", *args, **fields):
        """Submit the form with these fields changed and assert that it is accepted."""
        response = self.send(model, page, *args, **fields)
        assert response.status_code == 302, self.errors(response)
        return response

    def delete(self, model, key):
        return self.client.post(self.url(model, "delete", key), {"post": "yes"})

    def delete_selected(self, model, keys: list):
        data = {"action": "delete_selected", "_selected_action": keys, "post": "yes"}
        return self.client.post(self.url(model), data)

    @staticmethod
    def errors(response) -> list[str]:
        """Return the errors of a form."""
        return [str(error) for errors in response.context["errors"] for error in errors]

    @staticmethod
    def messages(response) -> list[str]:
        return [str(message) for message in response.context["messages"]]
