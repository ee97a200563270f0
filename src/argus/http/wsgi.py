"""Bodies made fit for Django, which takes whatever it can read, up to Content-Length, for the whole of it."""

from io import BytesIO

from .body_limit import body_limit

# What ``BodyMiddleware`` finds in the environment of a request whose body ended too early.
CUT_SHORT = "argus.body_cut_short"


def measured(application):
    """Wrap a WSGI application: bodies are read ahead, and one that was cut short is marked.

    A chunked body gets the Content-Length that its sender did not know. Of that, one byte more than the allowed size is
    read at most: ``BodyMiddleware`` then sees that it is too long, and of others by their Content-Length.
    """

    def measure(environ, start_response):
        limit, announced = body_limit(environ.get("PATH_INFO", "")), environ.get("CONTENT_LENGTH", "")
        if announced.isdecimal() and int(announced) <= limit:
            body = environ["wsgi.input"].read(int(announced))
            environ[CUT_SHORT] = len(body) < int(announced)
            environ["wsgi.input"] = BytesIO(body)
        elif not announced and "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
            body = environ["wsgi.input"].read(limit + 1)
            environ["wsgi.input"] = BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))
        return application(environ, start_response)

    return measure
