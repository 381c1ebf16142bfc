"""The load balancer of the rolling update: who leaves gets no further request, and those under way end first."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from deploy.aws import balancer as module
from deploy.aws.balancer import Balancer
from tests.api.support import eventually

OLD, NEW = "http://old", "http://new"


def test_a_target_that_leaves_drains_and_gets_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_is_ready", lambda _: True)
    balancer = Balancer()
    balancer.register(OLD)
    with ThreadPoolExecutor(2) as pool:
        looking = pool.submit(balancer.look)
        try:
            eventually(lambda: balancer.ready() == 1)
            with balancer.chosen() as under_way:
                assert under_way == OLD
                balancer.register(NEW)
                eventually(lambda: balancer.ready() == 2)
                leaving = pool.submit(balancer.deregister, OLD)
                eventually(lambda: balancer.ready() == 1)
                for _ in range(4):
                    with balancer.chosen() as url:
                        assert url == NEW
                assert not leaving.done(), "a request is under way there"
            leaving.result(timeout=30)
        finally:
            balancer.stop()
        looking.result()


def test_a_target_that_is_not_ready_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_is_ready", lambda url: url == NEW)
    balancer = Balancer()
    balancer.register(OLD)
    balancer.register(NEW)
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(balancer.look)
        try:
            for _ in range(4):
                with balancer.chosen() as url:
                    assert url == NEW
        finally:
            balancer.stop()
        looking.result()
