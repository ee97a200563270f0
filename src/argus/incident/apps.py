from django.apps import AppConfig


class IncidentConfig(AppConfig):
    name = "argus.incident"
    label = "argus_incident"
    verbose_name = "Incidents"

    def ready(self) -> None:
        from argus.auth.tokens import select_with_token

        # A post of a source needs the account's source system: read it in the query of the token.
        select_with_token("source_system")
