"""The application itself, talked to without a socket."""

import asyncio

from argus.site import asgi


def talk(scope: dict, *messages: dict) -> list[dict]:
    """Return what the application says to a client that sends these and then nothing more."""
    answers, waiting = [], list(messages)

    async def receive():
        return waiting.pop(0) if waiting else await asyncio.Event().wait()

    async def send(message):
        answers.append(message)

    asyncio.run(asgi.application(scope, receive, send))
    return answers
