"""What was measured: samples of a quantity, on a server, by a client; and the two ways in which they are read."""
import collections
import statistics


class Results:
    def __init__(self, floors):
        """`floors` says for each client to which one its ratios are taken."""
        self._floors = floors
        self._samples = collections.defaultdict(list)
        self.notes = []

    def add(self, quantity, server, client, value):
        self._samples[quantity, server, client].append(value)

    def value(self, quantity, server, client):
        samples = self._samples.get((quantity, server, client))
        return statistics.median(samples) if samples else None

    def ratio(self, quantity, server, client):
        """Against the floor of the same round, then the median: what slows a whole round down cancels out."""
        mine = self._samples.get((quantity, server, client))
        floor = self._samples.get((quantity, server, self._floors[client]))
        if not mine or not floor or len(mine) != len(floor) or min(floor) <= 0:
            return None
        return statistics.median(a / b for a, b in zip(mine, floor))

    def has(self, quantity, server):
        return any(key[:2] == (quantity, server) for key in self._samples)

    def as_json(self):
        return [{"quantity": quantity, "server": server, "client": client, "samples": samples,
                 "median": statistics.median(samples), "ratio": self.ratio(quantity, server, client)}
                for (quantity, server, client), samples in self._samples.items()]
