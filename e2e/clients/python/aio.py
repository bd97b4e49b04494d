"""aiokafka (pure Python) against one broker. Usage: aio.py BOOTSTRAP_SERVERS"""

import asyncio
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from steps import Steps, expect

BOOTSTRAP = sys.argv[1]
steps = Steps("aiokafka")
topic = steps.prefix
group = steps.prefix + "-group"


async def with_admin(body):
    admin = AIOKafkaAdminClient(bootstrap_servers=BOOTSTRAP)
    await admin.start()
    try:
        return await body(admin)
    finally:
        await admin.close()


async def create():
    await with_admin(lambda admin: admin.create_topics([NewTopic(topic, 3, 1)]))
    topics = await with_admin(lambda admin: admin.list_topics())
    assert topic in topics


async def produce(codec):
    producer = AIOKafkaProducer(
        bootstrap_servers=BOOTSTRAP, enable_idempotence=True, compression_type=codec
    )
    await producer.start()
    try:
        sent = [await producer.send(topic, f"{codec}-{i}".encode()) for i in range(100)]
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


def consumer(**config):
    defaults = {"bootstrap_servers": BOOTSTRAP, "group_id": group, "enable_auto_commit": False}
    return AIOKafkaConsumer(*config.pop("topics", ()), auto_offset_reset="earliest",
                            **{**defaults, **config})


async def read(client, count):
    values = []
    async with asyncio.timeout(20):
        while len(values) < count:
            for messages in (await client.getmany(timeout_ms=200)).values():
                values.extend(message.value.decode() for message in messages)
    return values


async def consume():
    client = consumer(topics=(topic,))
    await client.start()
    try:
        values = await read(client, 500)
        expect(len(set(values)), 500)
        await client.commit()
    finally:
        await client.stop()
    offsets = await with_admin(lambda admin: admin.list_consumer_group_offsets(group))
    expect(sum(value.offset for value in offsets.values()), 500)


async def seek():
    client = consumer(group_id=None)
    await client.start()
    try:
        partition = TopicPartition(topic, 0)
        client.assign([partition])
        end = (await client.end_offsets([partition]))[partition]
        expect((await client.beginning_offsets([partition]))[partition], 0)
        client.seek(partition, end - 1)
        message = await asyncio.wait_for(client.getone(), 20)
        expect(message.offset, end - 1)
        found = await client.offsets_for_times({partition: message.timestamp})
        assert found[partition].offset <= message.offset
    finally:
        await client.stop()


async def administer():
    async def body(admin):
        groups = [listed[0] for listed in await admin.list_consumer_groups()]
        assert group in groups, groups
        await admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": "7200000"})]
        )
        described = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        entries = {entry[0]: entry[1] for entry in described[0].resources[0][4]}
        expect(entries["retention.ms"], "7200000")
        await admin.delete_topics([topic])

    await with_admin(body)


def run(name, body):
    steps.run(name, lambda: asyncio.run(body()))


run("creates a topic", create)
for name in (None, "gzip", "snappy", "lz4", "zstd"):
    run(f"produces idempotently, {name or 'none'}", lambda name=name: produce(name))
run("consumes in a group and commits", consume)
run("seeks", seek)
run("administers", administer)
steps.end()
