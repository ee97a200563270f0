"""How many queries a request needs, asked of the server that is measured."""

from django.db import connection
from django.http import HttpResponse

QUESTION, ANSWER = "X-Count-Queries", "X-Queries"


class QueryCounter:
    """Answer a request that has the header ``X-Count-Queries`` with the number of its queries in ``X-Queries``.

    What it takes to open the connection, BEGIN, COMMIT and its health check are not counted.
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
    """Read a streaming response to its end, so that the queries it is made with are counted, too."""
    if not response.streaming:
        return response
    return HttpResponse(b"".join(response.streaming_content), status=response.status_code, headers=response.headers)
