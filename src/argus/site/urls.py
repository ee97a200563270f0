"""All URLs of Argus."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularSwaggerSplitView

from argus.api.errors import not_found
from argus.auth.api.v1.views import LoginMethodsView, OidcTokenView, TokenView
from argus.incident.api.v1.urls import many_v2
from argus.notificationprofile.api.v1.urls import incident_urlpatterns as delivery_urlpatterns

from .monitoring.views import PROBES
from .views import FrontPage, RootView, SchemaView, VersionsView

# Only GET: OPTIONS would need a template. Split: the content security policy forbids inline scripts.
docs = SpectacularSwaggerSplitView.as_view(
    url_name="v1:schema", template_name="api_docs.html", http_method_names=["get", "head"]
)

api_v1: list[URLPattern | URLResolver] = [
    path("token-auth/", TokenView.as_view(), name="token-auth"),
    path("auth/", include("argus.auth.api.v1.urls")),
    path("incidents/", include("argus.incident.api.v1.urls")),
    path("incidents/", include((delivery_urlpatterns, "deliveries"))),
    path("notificationprofiles/", include("argus.notificationprofile.api.v1.urls")),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", docs, name="docs"),
]

api_v1.append(path("", RootView.as_view(patterns=tuple(api_v1)), name="root"))

urlpatterns = [
    *[path(route.removeprefix("/"), view, name=view.__name__) for route, view in PROBES.items()],
    path("", FrontPage.as_view(), name="front-page"),
    path("admin/", admin.site.urls),
    path("api/", VersionsView.as_view(), name="versions"),
    path("api/v1/", include((api_v1, "v1"))),
    path("api/v2/incidents/", include((many_v2, "v2"))),
    path("login-methods/", LoginMethodsView.as_view(token_url_name="v1:token-auth"), name="login-methods"),
    path("api/", include("argus.inventory.api.urls")),
    path("api/alerts/", include("argus.alert.api.urls")),
    path("oidc/api-token-auth/", OidcTokenView.as_view(), name="oidc-token-auth"),
    path("oidc/", include("argus.auth.sso.urls")),
    # Only paths with a final slash: SlashMiddleware redirects others.
    re_path(r"^api/(?:[\s\S]*/)?$", not_found),
]

handler400 = "argus.api.errors.bad_request_handler"
handler404 = "argus.api.errors.not_found_handler"
handler500 = "argus.api.errors.server_error_handler"
