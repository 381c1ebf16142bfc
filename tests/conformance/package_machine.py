"""A PackageStore under random commands stays equal to a dictionary."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from registry.domain.errors import NotFound, PackageExists, RevisionConflict
from registry.domain.listing import Order, PackageFilter
from registry.domain.name_patterns import NamePatterns
from registry.domain.packages import Package, PackageStatus, PackageType
from registry.domain.versions import VersionRange
from registry.domain.visibility import REGISTRY, Viewer
from tests.conformance.package_listing import OWNER, in_order, rate, walk
from tests.conformance.records import RecordBackend
from tests.factories import ids, make_account, make_change, make_package

names = st.sampled_from(["bert", "a/b"])
versions = st.sampled_from(["1.0.0", "1.0.0+b", "1.1.0-rc.1", "2.0.0"])
types = st.sampled_from([PackageType.MODEL, PackageType.CODE])
statuses = st.sampled_from([PackageStatus.ACTIVE, PackageStatus.QUARANTINED])
tags = st.sampled_from([(), ("a",), ("a", "b")])
creators = st.sampled_from(["alice", "bob"])
scores = st.none() | st.sampled_from([0.0, 0.25, 0.555, 0.99, 1.0])
patterns = st.none() | st.sampled_from([NamePatterns(("b*",)), NamePatterns(("*a*", "bert"))])
filters = st.builds(
    PackageFilter,
    status=st.none() | statuses,
    type=st.none() | types,
    name=st.none() | names,
    versions=st.none() | st.sampled_from([VersionRange.parse(text) for text in ("1.0.0", "^1.0.0", "1.0.0-2.0.0")]),
    tag=st.none() | st.sampled_from(["a", "b"]),
    created_by=st.none() | creators,
    viewer=st.just(REGISTRY) | st.builds(Viewer, st.none() | st.sampled_from([OWNER, "bob#bob"]), names=patterns),
    min_net_score=st.none() | st.none() | st.floats(0, 1),
    order=st.sampled_from(Order),
)


class PackageMachine(RuleBasedStateMachine):
    """`backend` is set by a subclass; each run begins with a reset."""

    backend: RecordBackend

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.records = self.runner.run(self.stack.enter_async_context(self.backend.open()))
        self.runner.run(self.records.maintenance.reset(make_account()))
        self.model: dict[str, Package] = {}
        self.scores: dict[str, float | None] = {}

    def teardown(self) -> None:
        self.runner.run(self.stack.aclose())
        self.runner.close()

    def rival_of(self, package: Package) -> str | None:
        triple = (package.type, package.name, package.version)
        for other in self.model.values():
            if other.id != package.id and (other.type, other.name, other.version) == triple:
                return other.id
        return None

    def chosen(self, data: st.DataObject) -> Package:
        return self.model[data.draw(st.sampled_from(sorted(self.model)))]

    @rule(name=names, version=versions, type_=types, status=statuses, tag_list=tags, creator=creators)
    def add(
        self,
        name: str,
        version: str,
        type_: PackageType,
        status: PackageStatus,
        tag_list: tuple[str, ...],
        creator: str,
    ) -> None:
        package = make_package(
            name=name, version=version, type=type_, status=status, tags=tag_list, created_by=creator
        )  # fmt: skip
        adding = self.records.packages.add(package, make_change(package.id))
        rival = self.rival_of(package)
        if rival is None:
            self.runner.run(adding)
            self.model[package.id] = package
            return
        with pytest.raises(PackageExists) as caught:
            self.runner.run(adding)
        assert caught.value.existing_id == rival

    @precondition(lambda self: self.model)
    @rule(data=st.data(), version=versions, status=statuses, tag_list=tags, behind=st.sampled_from([0, 0, 0, 1]))
    def replace(
        self, data: st.DataObject, version: str, status: PackageStatus, tag_list: tuple[str, ...], behind: int
    ) -> None:
        package = self.chosen(data)
        changed = replace(
            make_package(version=version),
            id=package.id, name=package.name, type=package.type, created_by=package.created_by,
            status=status, tags=tag_list, revision=package.revision + 1,
        )  # fmt: skip
        replacing = self.records.packages.replace(
            changed, make_change(package.id), expected_revision=package.revision - behind
        )
        rival = self.rival_of(changed)
        if behind:
            with pytest.raises(RevisionConflict):
                self.runner.run(replacing)
        elif rival:
            with pytest.raises(PackageExists) as caught:
                self.runner.run(replacing)
            assert caught.value.existing_id == rival
        else:
            self.runner.run(replacing)
            self.model[package.id] = changed
            self.scores.pop(package.id, None)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        package = self.chosen(data)
        change = make_change(package.id)
        self.runner.run(self.records.packages.remove(package.id, change, expected_revision=package.revision))
        del self.model[package.id]
        self.scores.pop(package.id, None)
        with pytest.raises(NotFound):
            self.runner.run(self.records.packages.get(package.id))

    @precondition(lambda self: self.model)
    @rule(data=st.data(), net_score=scores)
    def rate(self, data: st.DataObject, net_score: float | None) -> None:
        package = self.chosen(data)
        self.runner.run(rate(self.records, self.backend.clock, package, net_score))
        self.scores[package.id] = net_score

    @rule(wanted=filters, limit=st.integers(1, 4))
    def listing(self, wanted: PackageFilter, limit: int) -> None:
        found = ids(self.runner.run(walk(self.records, wanted, limit=limit)))
        assert found == in_order(self.model.values(), wanted, self.scores)

    @invariant()
    def same_packages(self) -> None:
        wanted = list(self.model)
        assert self.runner.run(self.records.packages.get_many(wanted)) == list(self.model.values())


class PackageMachineContract:
    """Subclass in a module with the fixture `backend`."""

    def test_stays_equal_to_a_dictionary(self, backend: RecordBackend) -> None:
        machine = type("Machine", (PackageMachine,), {"backend": backend})
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=15,
                stateful_step_count=25,
                deadline=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
                database=None,
            ),
        )
