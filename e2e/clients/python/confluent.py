"""confluent-kafka (librdkafka) against one broker. Usage: confluent.py BOOTSTRAP_SERVERS"""

import sys
import time

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from steps import Steps, expect

BOOTSTRAP = {"bootstrap.servers": sys.argv[1]}
steps = Steps("confluent")
admin = AdminClient(BOOTSTRAP)
topic = steps.prefix
group = steps.prefix + "-group"


def results(futures):
    return {key: future.result(20) for key, future in futures.items()}


def consumer(**config):
    defaults = {"group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
    return Consumer({**BOOTSTRAP, **defaults, **config})


def read(client, count):
    values, deadline = [], time.monotonic() + 20
    while len(values) < count and time.monotonic() < deadline:
        message = client.poll(0.2)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        values.append(message.value().decode())
    return values


def create():
    results(admin.create_topics([NewTopic(topic, 3, 1, config={"retention.ms": "3600000"})]))
    # A broker answers with the new topic at once; the client's cache may lag behind it.
    expect(len(admin.list_topics(topic, 10).topics[topic].partitions), 3)


def create_again():
    try:
        results(admin.create_topics([NewTopic(topic, 3, 1)]))
    except KafkaException as error:
        expect(error.args[0].code(), KafkaError.TOPIC_ALREADY_EXISTS)
    else:
        raise AssertionError("a second creation was accepted")


def produce(codec):
    failures = []
    producer = Producer({**BOOTSTRAP, "enable.idempotence": True, "compression.type": codec})
    for i in range(300):
        producer.produce(
            topic,
            f"{codec}-{i}".encode() * 5,
            key=str(i).encode(),
            headers={"codec": codec},
            on_delivery=lambda error, _: error and failures.append(error),
        )
    expect(producer.flush(20), 0)
    expect(failures, [])


def consume_in_a_group():
    client = consumer()
    client.subscribe([topic])
    values = read(client, 1500)
    expect(len(set(values)), 1500)
    client.commit(asynchronous=False)
    client.close()
    again = consumer()
    committed = again.committed([TopicPartition(topic, p) for p in range(3)], 10)
    expect(sum(p.offset for p in committed), 1500)
    again.close()


def rebalance():
    first, second = consumer(**{"group.id": group + "-2"}), consumer(**{"group.id": group + "-2"})
    first.subscribe([topic])
    deadline = time.monotonic() + 30
    while len(first.assignment()) < 3 and time.monotonic() < deadline:
        first.poll(0.1)
    second.subscribe([topic])
    while time.monotonic() < deadline:
        first.poll(0.1)
        second.poll(0.1)
        if sorted([len(first.assignment()), len(second.assignment())]) == [1, 2]:
            break
    expect(sorted([len(first.assignment()), len(second.assignment())]), [1, 2])
    first.close()
    while len(second.assignment()) < 3 and time.monotonic() < deadline:
        second.poll(0.1)
    expect(len(second.assignment()), 3)
    second.close()


def seek():
    client = consumer()
    client.assign([TopicPartition(topic, 0, 5)])
    first = client.poll(20)
    expect(first.offset(), 5)
    low, high = client.get_watermark_offsets(TopicPartition(topic, 0), 10)
    expect(low, 0)
    client.seek(TopicPartition(topic, 0, high - 1))
    # librdkafka may hand out what it had fetched before the seek took effect.
    while (message := client.poll(20)).offset() != high - 1:
        pass
    at = client.offsets_for_times([TopicPartition(topic, 0, first.timestamp()[1])], 10)[0]
    assert 0 <= at.offset <= 5, at
    client.close()


def administer():
    resource = ConfigResource(ResourceType.TOPIC, topic)
    expect(results(admin.describe_configs([resource]))[resource]["retention.ms"].value, "3600000")
    change = ConfigResource(
        ResourceType.TOPIC,
        topic,
        incremental_configs=[
            ConfigEntry("retention.ms", "7200000", incremental_operation=AlterConfigOpType.SET)
        ],
    )
    results(admin.incremental_alter_configs([change]))
    expect(results(admin.describe_configs([resource]))[resource]["retention.ms"].value, "7200000")
    results(admin.create_partitions([NewPartitions(topic, 6)]))
    partition = TopicPartition(topic, 0)
    latest = results(admin.list_offsets({partition: OffsetSpec.latest()}))[partition].offset
    assert latest > 0
    groups = admin.list_consumer_groups().result(20)
    assert group in {listed.group_id for listed in groups.valid}
    description = results(admin.describe_consumer_groups([group]))[group]
    expect(description.state.name, "EMPTY")
    partition.offset = 2
    results(admin.delete_records([partition]))
    earliest = results(admin.list_offsets({partition: OffsetSpec.earliest()}))[partition].offset
    expect(earliest, 2)
    results(admin.delete_consumer_groups([group]))
    results(admin.delete_topics([topic]))


steps.run("creates a topic", create)
steps.run("is told that a topic exists", create_again)
for name in ("none", "gzip", "snappy", "lz4", "zstd"):
    steps.run(f"produces idempotently, {name}", lambda name=name: produce(name))
steps.run("consumes in a group and commits", consume_in_a_group)
steps.run("rebalances two members", rebalance)
steps.run("seeks", seek)
steps.run("administers", administer)
steps.end()
