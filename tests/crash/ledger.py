"""Holds three accounts of the same calls against each other: what reached the upstream, what clients were told, and
what the audit log says.

A call's number is in the log as a commitment alone: HMAC-SHA-256 over the canonical JSON of the argument, under a
salt that the store keeps beside the log (audit.md). Opened here anew, with nothing of Remit's own code.
"""

import base64
import collections
import contextlib
import hmac
import sqlite3

from harness.plane import read_log

Intent = collections.namedtuple("Intent", "entry run decision commitment salt")


def opens(intent, number):
    mac = hmac.digest(intent.salt, str(number).encode(), "sha256")
    return intent.commitment == "hmac-sha256:" + base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


class Ledger:
    """What the log in a store says. Only of a store that no server has open."""

    def __init__(self, store):
        self.intents = []
        self.outcomes = collections.defaultdict(list)  # decision → statuses
        self.problems = []
        run = -1  # each start of a server begins with an entry that says so
        with contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as db:
            salts = dict(db.execute("SELECT idx, salt FROM log_secret WHERE field = 'arguments.call'"))
        for index, entry in read_log(store):
            if entry["kind"] == "start":
                run += 1
            elif entry["kind"] == "intent":
                self.intents.append(Intent(index, run, entry["decision"], entry["arguments"]["call"], salts[index]))
            elif entry["kind"] == "outcome":
                self.outcomes[entry["decision"]].append(entry["status"])
        for intent in self.intents:
            found = self.outcomes[intent.decision]
            if len(found) != 1:
                self.problems.append(f"intent {intent.entry} has {len(found)} outcomes, and not one: {found}")

    def reconcile(self, arrived, acknowledged, numbers_of_a_run):
        """Judges the numbers that arrived at the upstream, in their order, and those that clients have a result of.
        Problems are added to `problems`. Answers how many of each outcome there are among the calls that arrived."""
        waiting = collections.defaultdict(collections.deque)  # run → numbers whose intent is not found yet
        for number in arrived:
            waiting[number // numbers_of_a_run].append(number)
        statuses = {}
        for intent in self.intents:
            # Calls arrive nearly in the order of their intents, so the one that is sought stands near the front.
            for position, number in enumerate(waiting[intent.run]):
                if opens(intent, number):
                    del waiting[intent.run][position]
                    statuses[number] = (self.outcomes[intent.decision] or ["none"])[0]
                    break
        self._judge(arrived, acknowledged, statuses)
        return collections.Counter(statuses.values())

    def _judge(self, arrived, acknowledged, statuses):
        for number, times in collections.Counter(arrived).items():
            if times > 1:
                self.problems.append(f"call {number} reached the upstream {times} times")
            if number not in statuses:
                self.problems.append(f"call {number} reached the upstream and has no intent")
            elif statuses[number] == "not_sent":
                self.problems.append(f"call {number} is said not to have been sent, and reached the upstream")
        there = set(arrived)
        for number in acknowledged:
            if number not in there:
                self.problems.append(f"call {number} was answered, and never reached the upstream")
            elif statuses.get(number, "unknown") not in ("ok", "unknown"):
                self.problems.append(f"call {number} was answered with a result, and the log says {statuses[number]}")
