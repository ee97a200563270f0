"""Bodies that come in chunks, made fit for Django, which reads as many bytes as Content-Length says."""

from io import BytesIO

from django.conf import settings


def measured(application):
    """Wrap a WSGI application: a chunked body gets the Content-Length that its sender did not know.

    One byte more than the allowed size is read at most, so that ``BodyLimitMiddleware`` sees what is too long.
    """

    def measure(environ, start_response):
        if "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower() and not environ.get("CONTENT_LENGTH"):
            body = environ["wsgi.input"].read(settings.ARGUS_MAX_BODY_SIZE + 1)
            environ["wsgi.input"] = BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))
        return application(environ, start_response)

    return measure
