"""The short way to those who are asked how this server is."""

from .urls import VIEWS


class WatchMiddleware:
    """Answer those who watch before anything else looks at the request.

    A load balancer calls by an address that is nobody's name, without TLS and without a session.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        view = VIEWS.get(request.path_info)
        return view(request) if view else self.get_response(request)
