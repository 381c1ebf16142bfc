"""A table made from the template's properties is one that `registry tables check` accepts."""

from registry.adapters.dynamodb.connection import open_table
from registry.adapters.dynamodb.table import check_table
from tests.deploy.template import resources
from tests.engines.tables import PATIENT, SESSION, delete_table
from tests.factories import make_id

MADE_LATER = ("TimeToLiveSpecification", "PointInTimeRecoverySpecification")
NOT_FOR_AN_IMITATION = ("DeletionProtectionEnabled", "SSESpecification")


async def test_the_check_accepts_the_template_s_table(dynamodb_endpoint: str) -> None:
    (properties,) = resources("AWS::DynamoDB::Table").values()
    given = {name: value for name, value in properties.items() if name not in (*MADE_LATER, *NOT_FOR_AN_IMITATION)}
    async with open_table(
        f"registry-{make_id()}", endpoint_url=dynamodb_endpoint, session=SESSION, limits=PATIENT
    ) as table:
        await table.client.create_table(TableName=table.name, **given)
        await table.client.update_time_to_live(
            TableName=table.name, TimeToLiveSpecification=properties["TimeToLiveSpecification"]
        )
        try:
            assert await check_table(table) == []
        finally:
            await delete_table(dynamodb_endpoint, table.name)
