"""
How long each row takes: the whole run, the quick one, and the one that only tries all.

Owns: rounds, seconds, and how many workers and bytes.
Must not know: how a row is measured.
Runs in: the measuring process.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.documents import KIB, MIB


@dataclass(frozen=True)
class Plan:
    """
    The size of a run.

    Attributes:
        peers: who takes part; the rows leave out whom they say nothing about.
        read_rounds: rounds of `read`.
        read_seconds: how long one peer reads in a round.
        flips: flips of `propagation` for ours and the floor.
        others_every: every which of them the other peers take part in.
        grid_workers: numbers of workers in the grid of `propagation` and `update_cost`.
        grid_sizes: sizes of configs in that grid.
        grid_flips: flips of each cell of it.
        cell_seconds: when no further flip of a cell is begun.
        load_rounds: rounds of `throughput` for ours and the constant.
        load_others_every: every which of them the other peers take part in.
        load_seconds: how long one peer is under load in a round.
        memory_rounds: servers of each peer that are looked at in `memory`.
        memory_flips: flips before the look.
        rest_seconds: how long `rest` watches, twice.
        record_seconds: how long each number of readers is tried in `scale`.
        flip_rates: flips per second that are tried in `scale`.
        start_rounds: starts of each peer.
        recovery_rounds: deaths of a publisher with each size of config.
        withdrawal_rounds: configs of each kind that are taken back.
        trial_flips: flips with and without a trial.
        good_changes: good changes that are tried while requests fail at random.
    """

    peers: tuple[str, ...]
    read_rounds: int
    read_seconds: float
    flips: int
    others_every: int
    grid_workers: tuple[int, ...]
    grid_sizes: tuple[int, ...]
    grid_flips: int
    cell_seconds: float
    load_rounds: int
    load_others_every: int
    load_seconds: float
    memory_rounds: int
    memory_flips: int
    rest_seconds: float
    record_seconds: float
    flip_rates: tuple[int, ...]
    start_rounds: int
    recovery_rounds: int
    withdrawal_rounds: int
    trial_flips: int
    good_changes: int


def full(peers: tuple[str, ...]) -> Plan:
    """Return the plan of about ten minutes."""
    return Plan(
        peers=peers,
        read_rounds=15,
        read_seconds=0.03,
        flips=100,
        others_every=25,
        grid_workers=(1, 4, 16, 64),
        grid_sizes=(KIB, 64 * KIB, MIB),
        grid_flips=5,
        cell_seconds=4.0,
        load_rounds=16,
        load_others_every=8,
        load_seconds=0.7,
        memory_rounds=1,
        memory_flips=10,
        rest_seconds=15.0,
        record_seconds=1.0,
        flip_rates=(10, 30, 100, 200, 400, 800, 1600),
        start_rounds=2,
        recovery_rounds=5,
        withdrawal_rounds=15,
        trial_flips=200,
        good_changes=40,
    )


def quick(peers: tuple[str, ...]) -> Plan:
    """Return the plan of about three minutes."""
    return Plan(
        peers=peers,
        read_rounds=5,
        read_seconds=0.01,
        flips=15,
        others_every=15,
        grid_workers=(1, 4, 16),
        grid_sizes=(KIB, 64 * KIB),
        grid_flips=1,
        cell_seconds=0.5,
        load_rounds=3,
        load_others_every=3,
        load_seconds=0.25,
        memory_rounds=1,
        memory_flips=3,
        rest_seconds=4.0,
        record_seconds=0.3,
        flip_rates=(30, 200, 1000),
        start_rounds=1,
        recovery_rounds=2,
        withdrawal_rounds=3,
        trial_flips=10,
        good_changes=8,
    )


def tiny(peers: tuple[str, ...]) -> Plan:
    """Return the plan that takes every row once, and proves no figure."""
    return Plan(
        peers=peers,
        read_rounds=1,
        read_seconds=0.001,
        flips=2,
        others_every=1,
        grid_workers=(1, 4),
        grid_sizes=(KIB,),
        grid_flips=1,
        cell_seconds=0.1,
        load_rounds=1,
        load_others_every=1,
        load_seconds=0.1,
        memory_rounds=1,
        memory_flips=1,
        rest_seconds=1.0,
        record_seconds=0.05,
        flip_rates=(50,),
        start_rounds=1,
        recovery_rounds=1,
        withdrawal_rounds=1,
        trial_flips=2,
        good_changes=4,
    )
