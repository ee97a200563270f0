"""Django REST framework and the OpenAPI description."""

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "argus.auth.authentication.ExpiringTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": [
        "argus.api.parsers.JSONParser",
        "rest_framework.parsers.FormParser",
        "argus.api.parsers.MultiPartParser",
    ],
    "DEFAULT_RENDERER_CLASSES": [
        "argus.api.renderers.JSONRenderer",
        "argus.api.renderers.BrowsableRenderer",
    ],
    "DEFAULT_METADATA_CLASS": "argus.api.metadata.Metadata",
    "DEFAULT_SCHEMA_CLASS": "argus.api.openapi.AutoSchema",
    "SCHEMA_COERCE_PATH_PK": False,
    "EXCEPTION_HANDLER": "argus.api.errors.exception_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Argus API",
    "DESCRIPTION": (
        "Incidents from many monitoring systems in one place. Send `Authorization: Token <key>` with every request; "
        "`POST /api/v1/token-auth/` gives you a key."
    ),
    "VERSION": "v1",
    "OAS_VERSION": "3.1.0",
    "TAGS": [
        {"name": "Incidents", "description": "Problems that monitoring systems report."},
        {"name": "Events", "description": "The history of an incident. Events close and reopen it."},
        {"name": "Acknowledgements", "description": "An operator has taken note of the incident."},
        {"name": "Sources", "description": "The monitoring systems that post incidents."},
        {
            "name": "Notification profiles",
            "description": "Who is notified of which incidents, when, and by which media.",
        },
        {"name": "Deliveries", "description": "The notifications of an incident, and why some were not sent."},
        {"name": "Inventory", "description": "Customers, projects, clouds and instances, which alerts are about."},
        {"name": "Permissions", "description": "Roles of users in the inventory."},
        {
            "name": "Alerts",
            "description": "Incidents about objects of the inventory, for users with a role there.",
        },
        {"name": "Accounts", "description": "Tokens, users and their phone numbers."},
        {"name": "Server", "description": "Versions of the server and of the API."},
    ],
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "EventType": "argus.incident.lifecycle.EventType",
        "AckType": [("ACK", "Acknowledge")],
        "Medium": "argus.notificationprofile.media.registry.medium_choices",
    },
    "SORT_OPERATION_PARAMETERS": False,
    "PREPROCESSING_HOOKS": ["argus.api.openapi.preserve_plus_signs"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "argus.api.openapi.add_refusals",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # By default the page asks a validator on the internet.
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "persistAuthorization": True, "validatorUrl": None},
}
