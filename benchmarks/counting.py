"""Middleware that counts the queries of a request."""

from django.db import connection
from django.http import HttpResponse

QUESTION, ANSWER = "X-Count-Queries", "X-Queries"


class QueryCounter:
    """Add the number of queries as ``X-Queries`` if the request has the header ``X-Count-Queries``.

    Opening the connection, BEGIN, COMMIT and the health check are not counted.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if "HTTP_X_COUNT_QUERIES" not in request.META:
            return self.get_response(request)
        queries = []
        connection.ensure_connection()
        with connection.execute_wrapper(lambda execute, sql, *rest: queries.append(sql) or execute(sql, *rest)):
            response = unstreamed(self.get_response(request))
        response[ANSWER] = str(len(queries))
        return response


def unstreamed(response):
    """Read a streaming response to its end, so that its queries are counted."""
    if not response.streaming:
        return response
    return HttpResponse(b"".join(response.streaming_content), status=response.status_code, headers=response.headers)
