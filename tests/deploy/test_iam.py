"""Roles against the calls of real processes: all that they make is allowed, and nothing else without a reason."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.settings import Settings
from tests.api.homes import ENGINES, SCALED, home_settings, operate
from tests.api.server import server_environment, start_server, worker
from tests.api.support import eventually, log_in, publish
from tests.deploy.policies import ROLES, allowed_actions, denied
from tests.engines.aws_calls import FOLDER, Call, recorded, recording_environment

pytestmark = [pytest.mark.engines(*ENGINES, "iam_simulator")]
MIB = 1024 * 1024
# What IAM allows and the test below does not see, by role.
REASONS = {
    "dynamodb:BatchWriteItem": "several items without a condition: sweeps, resets, records of downloads in a burst",
    "dynamodb:ConditionCheckItem": "part of transactions, of which only some kinds are made here",
    "dynamodb:DeleteItem": "part of transactions, of which only some kinds are made here",
    "dynamodb:Scan": "the sweep, hourly",
    "dynamodb:DescribeTimeToLive": "the sweep asks whether the table expires items by itself",
    "s3:AbortMultipartUpload": "an upload that breaks off, or is swept",
    "s3:ListBucket": "the sweep, and whether the bucket is there",
    "s3:ListBucketMultipartUploads": "the sweep",
    "s3:ListMultipartUploadParts": "an upload in parts that is resumed",
    "s3:PutObject": "operators: an archive that is repaired",
    "s3:DeleteObject": "a replaced content, and the sweep",
    "s3:GetObject": "a scrub",
}
BY_HAND = {
    "dynamodb:DescribeContinuousBackups": "how far back a restore can go",
    "dynamodb:RestoreTableToPointInTime": "restore",
    "dynamodb:UpdateContinuousBackups": "a restored table has no point-in-time recovery until it is turned on",
    "dynamodb:UpdateTable": "a restored table has no deletion protection until it is turned on",
    "s3:DeleteObjectVersion": "restore: removing a delete marker brings the bytes back",
    "s3:GetObjectVersion": "restore: reading bytes that were replaced or deleted",
    "s3:ListBucketVersions": "restore: finding them",
}
