"""What websockets do in this process."""

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from argus.ws import counts
from argus.ws.hub import connected_sockets

PUSHES = {"pushed": counts.PUSHED, "delayed": counts.DELAYED, "lost": counts.LOST}
GOODBYES = {"refused": counts.REFUSED, "ended": counts.ENDED, "cut off": counts.CUT_OFF}


class PushFigures:
    """Read from what ``argus.ws`` counts by itself."""

    def describe(self):
        return []

    def collect(self):
        numbers = counts.counts()
        yield GaugeMetricFamily("argus_websocket_clients", "Sockets connected to this process.", connected_sockets())
        pushes = CounterMetricFamily("argus_pushes", "Changes on their way to websockets.", labels=["outcome"])
        for outcome, name in PUSHES.items():
            pushes.add_metric([outcome], numbers[name])
        yield pushes
        goodbyes = CounterMetricFamily("argus_websockets_closed", "Sockets that Argus has closed.", labels=["reason"])
        for reason, name in GOODBYES.items():
            goodbyes.add_metric([reason], numbers[name])
        yield goodbyes
