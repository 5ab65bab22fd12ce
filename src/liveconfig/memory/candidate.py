"""
The record of a config that one worker tries before the others get it.

Owns: to whom the config is offered; the word that who took it compares with.
Must not know: why that worker, what follows from how it fares.
Runs in: the publisher, which offers; every worker, of which one takes it.

The word is the version of the offer while that is newer than what all others have, and
else the version that all have: so whoever took the candidate finds out by comparing one
number that the others have gone on, or that it must go back, as all find out by the
head of their record.

An offer is one store, as a publication is, and so is its end. The end comes after the
publication by which the candidate is accepted or taken back: a publisher that dies
between the two has ended nothing yet, and its successor does.
"""

from __future__ import annotations

from liveconfig.memory.layout import ADDRESSEE_WORD, OFFER_WORD, SLOTS
from liveconfig.memory.record import Record, Writer


class Candidate(Record):
    """
    The workers' view of the record.

    Attributes:
        offer: a view of one word, the version to compare with.
    """

    def __init__(self, descriptor: int) -> None:
        """
        Attach to the record by its descriptor, which this object owns from now on.

        Raises:
            StartupError: the descriptor is not that of a record; it is left open.
        """
        super().__init__(descriptor)
        self.offer = self._words[OFFER_WORD : OFFER_WORD + 1]

    @property
    def addressee(self) -> int:
        """The process that may take what is offered, 0 for none."""
        return self._words[ADDRESSEE_WORD]

    def is_offered(self, newest: int) -> bool:
        """Return whether there is an offer that is newer than what all others have."""
        return self.offer[0] > newest

    def offers(self, version: int) -> bool:
        """Return whether this version is offered, and can be read."""
        return self.offer[0] == version and self.is_whole(version)

    def close(self) -> None:
        """Give back the mapping and the descriptor; the view is unusable afterwards."""
        self.offer.release()
        super().close()


class CandidateWriter(Writer):
    """The one writer of the record; it publishes, and then offers what it published."""

    def address(self, pid: int) -> None:
        """Let one process take what is offered, and no other; 0 lets none."""
        self._words[ADDRESSEE_WORD] = pid

    def offer(self, payload: bytes, above: int) -> int:
        """
        Publish a config, offer it, and return its version.

        Args:
            payload: the bytes.
            above: the version that all have.

        Raises:
            PayloadTooLargeError: nothing was written; what was offered still is.
        """
        version = self.publish(payload, above)
        self.offer_again()
        return version

    def offer_again(self) -> None:
        """Offer what was published last, as whoever did that may have died before."""
        self._words[OFFER_WORD] = self.version

    def end(self, version: int) -> None:
        """Offer nothing any more; `version` is what all have."""
        # What is offered next is to have the same number when all get it, so both
        # records must be about to use the same slot.
        if self.version and self.version % SLOTS != version % SLOTS:
            self.publish(b"", version - 1)
        self._words[OFFER_WORD] = version
