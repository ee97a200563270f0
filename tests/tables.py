"""Tables of cases that are checked in one test, with one set of fixtures."""

import functools
import inspect
from collections.abc import Callable, Iterable


def for_each(names: str, rows: Iterable) -> Callable[[Callable], Callable]:
    """Call a test for every row of a table; the names are separated by commas, like those of ``parametrize``.

    For requests that change nothing, because all rows share the fixtures. Creating these takes longer than a request.
    """
    parameters, rows = [name.strip() for name in names.split(",")], list(rows)
    assert rows

    def decorate(test: Callable) -> Callable:
        @functools.wraps(test)
        def check_all(**fixtures):
            for row in rows:
                values = row if len(parameters) > 1 else [row]
                try:
                    test(**fixtures, **dict(zip(parameters, values, strict=True)))
                except Exception as error:
                    error.add_note(f"The case is {names} = {row!a:.500}")
                    raise

        signature = inspect.signature(test)
        fixtures = [parameter for name, parameter in signature.parameters.items() if name not in parameters]
        check_all.__signature__ = signature.replace(parameters=fixtures)
        return check_all

    return decorate
