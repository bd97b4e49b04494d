// KafkaJS against one broker. Usage: node kafkajs.js BOOTSTRAP_SERVERS
'use strict';
const assert = require('node:assert');
const { randomBytes } = require('node:crypto');
const { Kafka, CompressionTypes, ConfigResourceTypes, Partitioners, logLevel } = require('kafkajs');

const kafka = new Kafka({ brokers: [process.argv[2]], logLevel: logLevel.NOTHING });
const admin = kafka.admin();
const topic = `kafkajs-${randomBytes(4).toString('hex')}`;
const groupId = `${topic}-group`;
let passed = 0;
let failed = 0;

async function step(name, body) {
  const start = Date.now();
  try {
    await body();
    passed += 1;
    console.log(`ok    ${name} (${Date.now() - start} ms)`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${name}: ${error.stack}`);
  }
}

async function createTopic() {
  await admin.createTopics({ topics: [{ topic, numPartitions: 3 }], waitForLeaders: true });
  assert.ok((await admin.listTopics()).includes(topic));
  const metadata = await admin.fetchTopicMetadata({ topics: [topic] });
  assert.strictEqual(metadata.topics[0].partitions.length, 3);
}

async function produce(options) {
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    ...options.producer,
  });
  await producer.connect();
  const messages = Array.from({ length: 100 }, (_, i) => ({ key: String(i), value: `v${i}` }));
  await producer.send({ topic, messages, ...options.send });
  await producer.disconnect();
}

async function consume() {
  const consumer = kafka.consumer({ groupId });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  let count = 0;
  await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`only ${count} messages`)), 30000);
    consumer.run({
      eachMessage: async () => {
        count += 1;
        if (count === 300) {
          clearTimeout(timer);
          resolve();
        }
      },
    });
  });
  await consumer.disconnect();
  const offsets = await admin.fetchOffsets({ groupId, topics: [topic] });
  const sum = offsets[0].partitions.reduce((total, { offset }) => total + Number(offset), 0);
  assert.strictEqual(sum, 300);
}

async function seek() {
  await admin.resetOffsets({ groupId, topic, earliest: true });
  const consumer = kafka.consumer({ groupId });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic] });
  const offset = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('nothing after the seek')), 30000);
    consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message }) => {
        if (partition === 0 && message.offset === '3') {
          clearTimeout(timer);
          resolve(message.offset);
        }
      },
    });
    consumer.seek({ topic, partition: 0, offset: '3' });
  });
  assert.strictEqual(offset, '3');
  await consumer.disconnect();
}

async function administer() {
  await admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] });
  const resource = { type: ConfigResourceTypes.TOPIC, name: topic };
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ ...resource, configEntries: [{ name: 'retention.ms', value: '7200000' }] }],
  });
  const described = await admin.describeConfigs({ resources: [resource], includeSynonyms: true });
  const entries = described.resources[0].configEntries;
  const entry = entries.find(({ configName }) => configName === 'retention.ms');
  assert.strictEqual(entry.configValue, '7200000');
  const offsets = await admin.fetchTopicOffsets(topic);
  assert.strictEqual(offsets.length, 4);
  const groups = await admin.describeGroups([groupId]);
  assert.strictEqual(groups.groups[0].state, 'Empty');
  assert.ok((await admin.listGroups()).groups.some((group) => group.groupId === groupId));
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '1' }] });
  await admin.deleteGroups([groupId]);
  await admin.deleteTopics({ topics: [topic] });
}

async function main() {
  await admin.connect();
  await step('creates a topic', createTopic);
  await step('produces', () => produce({}));
  await step('produces idempotently', () => produce({ producer: { idempotent: true } }));
  await step('produces gzip', () => produce({ send: { compression: CompressionTypes.GZIP } }));
  await step('consumes in a group and commits', consume);
  await step('seeks', seek);
  await step('administers', administer);
  await admin.disconnect();
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 && passed > 0 ? 0 : 1);
}

main();
