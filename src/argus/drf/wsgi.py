"""Bodies made fit for Django, which takes whatever it can read, up to Content-Length, for the whole of it."""

from io import BytesIO

from .limits import body_limit

CUT_SHORT = b'{"detail": "The body is shorter than its Content-Length."}'


def measured(application):
    """Wrap a WSGI application: bodies are read ahead, and one that was cut short is answered with 400.

    A chunked body gets the Content-Length that its sender did not know. Of that, one byte more than the allowed size is
    read at most: ``BodyLimitMiddleware`` then sees that it is too long, and of others by their Content-Length.
    """

    def measure(environ, start_response):
        limit, announced = body_limit(environ.get("PATH_INFO", "")), environ.get("CONTENT_LENGTH", "")
        if announced.isdecimal() and int(announced) <= limit:
            body = environ["wsgi.input"].read(int(announced))
            if len(body) < int(announced):
                start_response("400 Bad Request", [("Content-Type", "application/json"), ("Connection", "close")])
                return [CUT_SHORT]
            environ["wsgi.input"] = BytesIO(body)
        elif not announced and "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
            body = environ["wsgi.input"].read(limit + 1)
            environ["wsgi.input"] = BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))
        return application(environ, start_response)

    return measure
