"""The lab's services, each started for real on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from unit.lab.cloud_caller import ACCOUNT, Caller
from unit.lab.support import HOSTS, BucketUnderTest, Metadata, free_port, make_certificate, running

from lab.bucket_client import BucketControl
from lab.cloud.client import CloudControl
from lab.metadata_client import MetadataControl


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the compiled agent is kept; once a run."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def metadata_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Metadata]:
    state = tmp_path_factory.mktemp("md")
    (state / "hosts.json").write_text(json.dumps(HOSTS))
    control = MetadataControl(state / "metadata.sock")
    port = free_port()
    with running("lab.metadata", state, control.ready, port):
        yield Metadata(port, state, control)


@pytest.fixture
def metadata(metadata_service: Metadata) -> Metadata:
    metadata_service.control.clear()
    return metadata_service


@pytest.fixture(scope="module")
def bucket_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BucketUnderTest]:
    state = tmp_path_factory.mktemp("bu")
    make_certificate(state / "tls")
    control = BucketControl(state / "bucket.sock")
    port = free_port()
    with running("lab.bucket", state, control.ready, port):
        yield BucketUnderTest(port, state / "tls" / "ca.pem", control)


@pytest.fixture
def bucket(bucket_service: BucketUnderTest) -> BucketUnderTest:
    bucket_service.control.reset()
    return bucket_service


@pytest.fixture(scope="module")
def cloud_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    state = tmp_path_factory.mktemp("lc")
    make_certificate(state / "tls")
    control = CloudControl(state / "cloud.sock")
    port = free_port()
    with running("lab.cloud", state, control.ready, port):
        yield Caller(port, state / "tls" / "ca.pem", control)


@pytest.fixture
def cloud_caller(cloud_service: Caller) -> Caller:
    """The cloud with one account and nothing else."""
    cloud_service.control.reset()
    cloud_service.control.accounts(ACCOUNT)
    return cloud_service
