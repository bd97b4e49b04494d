import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.Exit;

/**
 * Apache Kafka's own tools and clients, all in one JVM: each step runs a tool's main method,
 * captures what it prints and checks it. Prints a line a step; exits 1 if any failed. Against one
 * broker it tries everything that one broker can do; against three, what takes several: replicas
 * and their assignment, elections, reassignments, the quorum.
 *
 * <p>Usage: java -cp 'libs/*' Matrix.java BOOTSTRAP_SERVERS [STEP_PATTERN]
 */
public final class Matrix {
    private static final PrintStream OUT = System.out;
    private static final InputStream IN = System.in;
    private static final String TOOLS = "org.apache.kafka.tools.";

    /** What a tool does when its process ends, such as closing its producer. */
    private static final List<Runnable> HOOKS = new ArrayList<>();
    private static volatile Integer firstExit;

    private final String bootstrap;
    private final Pattern only;
    private final String topic = "java-" + Long.toString(System.nanoTime(), 36);
    private int passed;
    private int failed;

    private Matrix(String bootstrap, Pattern only) {
        this.bootstrap = bootstrap;
        this.only = only;
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("org.slf4j.simpleLogger.defaultLogLevel", "error");
        Exit.setExitProcedure((code, message) -> exit(code));
        Exit.setHaltProcedure((code, message) -> exit(code));
        Exit.setShutdownHookAdder((name, hook) -> HOOKS.add(hook));
        Matrix matrix = new Matrix(args[0], Pattern.compile(args.length > 1 ? args[1] : ""));
        matrix.run();
        OUT.println(matrix.passed + " passed, " + matrix.failed + " failed");
        Runtime.getRuntime().halt(matrix.failed == 0 ? 0 : 1);
    }

    /** A tool may catch what this throws and exit once more: its first word counts. */
    private static void exit(int code) {
        firstExit = firstExit == null ? code : firstExit;
        throw new Exited(code);
    }

    private void run() throws Exception {
        if (nodes().size() >= 3) {
            replicas();
            reassignments();
            return;
        }
        cluster();
        topics();
        configs();
        console();
        codecs();
        groups();
        offsets();
        clients();
        performance();
        verifiable();
        deletion();
    }

    private void cluster() {
        step("broker-api-versions", () -> {
            String out = tool("BrokerApiVersionsCommand").ok();
            expect(out, "Produce\\(0\\): 0 to 13 \\[usable: 13\\]");
            expect(out, "Fetch\\(1\\): 4 to 18 \\[usable: 18\\]");
            expect(out, "JoinGroup\\(11\\): 0 to 9");
        });
        step("cluster id", () -> expect(
            tool("ClusterTool", "cluster-id").ok(), "Cluster ID: \\S{22}"));
        step("cluster endpoints", () -> expect(
            tool("ClusterTool", "list-endpoints").ok(), "127\\.0\\.0\\.1"));
        step("metadata-quorum status", () -> {
            String out = tool("MetadataQuorumCommand", "describe", "--status").ok();
            expect(out, "LeaderId:\\s+\\d+");
            expect(out, "MaxFollowerLag:\\s+0");
        });
        step("metadata-quorum replication", () -> expect(
            tool("MetadataQuorumCommand", "describe", "--replication").ok(), "Leader"));
        step("features", () -> expect(
            tool("FeatureCommand", "describe").ok(), "metadata.version.*FinalizedVersionLevel: 4\\.3"));
    }

    private void topics() {
        step("topics create", () -> {
            tool("TopicCommand", "--create", "--topic", topic, "--partitions", "3",
                "--replication-factor", "1", "--config", "retention.ms=86400000").ok();
            expect(tool("TopicCommand", "--list").ok(), topic);
        });
        step("topics create twice is refused", () -> expect(
            tool("TopicCommand", "--create", "--topic", topic).fails(), "TopicExistsException"));
        step("topics create --if-not-exists", () ->
            tool("TopicCommand", "--create", "--topic", topic, "--if-not-exists").ok());
        step("topics describe", () -> {
            String out = tool("TopicCommand", "--describe", "--topic", topic).ok();
            expect(out, "PartitionCount: 3\\s+ReplicationFactor: 1");
            expect(out, "retention.ms=86400000");
            expect(out, "Partition: 2\\s+Leader: \\d+");
        });
        step("topics add partitions", () -> {
            tool("TopicCommand", "--alter", "--topic", topic, "--partitions", "5").ok();
            expect(tool("TopicCommand", "--describe", "--topic", topic).ok(), "PartitionCount: 5");
        });
        step("topics fewer partitions are refused", () -> expect(
            tool("TopicCommand", "--alter", "--topic", topic, "--partitions", "2").fails(),
            "(?i)partition"));
        step("topics illegal name is refused", () -> expect(
            tool("TopicCommand", "--create", "--topic", "a/b").fails(), "(?i)illegal|invalid"));
        step("topics replication factor beyond the brokers is refused", () -> expect(
            tool("TopicCommand", "--create", "--topic", topic + "-rf",
                "--replication-factor", "3").fails(), "(?i)replication"));
        step("topics manual assignment", () -> {
            int node = onlyNode();
            tool("TopicCommand", "--create", "--topic", topic + "-manual",
                "--replica-assignment", node + "," + node).ok();
            expect(tool("TopicCommand", "--describe", "--topic", topic + "-manual").ok(),
                "PartitionCount: 2");
        });
    }

    private void replicas() {
        step("replicas: topics with an assignment", () -> {
            String name = topic + "-assigned";
            assign(name, "0:1:2,1:2:0,2:0:1");
            String out = tool("TopicCommand", "--describe", "--topic", name).ok();
            expect(out, "PartitionCount: 3\\s+ReplicationFactor: 3");
            expect(out, "Partition: 0\\s+Leader: 0\\s+Replicas: 0,1,2\\s+Isr: 0,1,2");
            expect(out, "Partition: 1\\s+Leader: 1\\s+Replicas: 1,2,0");
            expect(out, "Partition: 2\\s+Leader: 2\\s+Replicas: 2,0,1");
        });
        step("replicas: topics are spread over brokers and racks", () -> {
            String name = topic + "-spread";
            tool("TopicCommand", "--create", "--topic", name, "--partitions", "6",
                "--replication-factor", "3").ok();
            String out = tool("TopicCommand", "--describe", "--topic", name).ok();
            for (int broker = 0; broker < 3; broker++) {
                String leader = "Leader: " + broker;
                expectEquals(2L, out.lines().filter(line -> line.contains(leader)).count());
            }
        });
        step("replicas: more than there are brokers are refused", () -> expect(
            tool("TopicCommand", "--create", "--topic", topic + "-four",
                "--replication-factor", "4").fails(), "InvalidReplicationFactorException"));
        step("replicas: an assignment to an unknown broker is refused", () -> expect(
            tool("TopicCommand", "--create", "--topic", topic + "-unknown",
                "--replica-assignment", "0:7").fails(), "InvalidReplicaAssignmentException"));
        step("replicas: nothing is under-replicated or offline", () -> {
            for (String filter : List.of("--under-replicated-partitions",
                    "--under-min-isr-partitions", "--unavailable-partitions")) {
                expectEquals(0L, partitions(tool("TopicCommand", "--describe", filter).ok()));
            }
        });
        step("replicas: console producer and group consumer", () -> {
            String name = topic + "-assigned";
            produceByConsole(name, "one\ntwo\nthree\n");
            expectLines(consumeByConsole(name, 3, "--group", topic), "one", "two", "three");
            expect(groups("--describe", "--group", topic).ok(), name);
        });
        step("replicas: log-dirs of every broker", () -> {
            String out = tool("LogDirsCommand", "--describe", "--topic-list",
                topic + "-assigned").ok();
            for (int broker = 0; broker < 3; broker++) {
                expect(out, "\"broker\":" + broker + ",");
            }
            expect(out, "\"partition\":\"" + topic + "-assigned-0\"");
        });
        step("replicas: metadata-quorum status", () -> {
            String out = tool("MetadataQuorumCommand", "describe", "--status").ok();
            expect(out, "LeaderId:\\s+[012]\\b");
            expect(out, "CurrentVoters:.*\"id\": 0.*\"id\": 1.*\"id\": 2");
        });
        step("replicas: metadata-quorum replication", () -> {
            String out = tool("MetadataQuorumCommand", "describe", "--replication").ok();
            expectEquals(1L, out.lines().filter(line -> line.contains("Leader\t")
                || line.strip().endsWith("Leader")).count());
            expectEquals(2L, out.lines().filter(line -> line.strip().endsWith("Follower")).count());
        });
    }

    private void reassignments() {
        String name = topic + "-moved";
        step("reassign: a plan", () -> {
            assign(name, "0:1");
            send(name, 2_000, 0);
            String out = reassign("--generate", "--broker-list", "0,1,2",
                "--topics-to-move-json-file", file("{\"version\": 1, \"topics\": [{\"topic\": \""
                    + name + "\"}]}")).ok();
            expect(out, "Current partition replica assignment");
            expect(out, "Proposed partition reassignment configuration");
        });
        step("reassign: execute and verify", () -> {
            move(name, "[2,1]");
            expect(described(name), "Leader: [12]\\s+Replicas: 2,1\\s");
            expectEquals(2_000L, consumeByConsole(name, 2_000).lines()
                .filter(line -> line.matches("\\d+")).count());
        });
        step("reassign: more replicas and fewer", () -> {
            move(name, "[0,1,2]");
            expect(described(name), "Replicas: 0,1,2\\s");
            move(name, "[1,2]");
            expect(described(name), "Replicas: 1,2\\s");
        });
        step("reassign: list and cancel one that is held up by its throttle", () -> {
            String slow = topic + "-slow";
            assign(slow, "0");
            sendLarge(slow, 3_000);
            String plan = file(plan(slow, "[1]"));
            reassign("--execute", "--throttle", "1000", "--reassignment-json-file", plan).ok();
            expect(reassign("--list").ok(), slow + "-0: replicas: .*adding: 1. removing: 0");
            expect(reassign("--verify", "--preserve-throttles",
                "--reassignment-json-file", plan).ok(), "still in progress");
            String out = reassign("--cancel", "--reassignment-json-file", plan).ok();
            expect(out, "Successfully cancelled partition reassignment for: " + slow + "-0");
            expect(out, "Clearing broker-level throttles");
            expect(reassign("--list").ok(), "No partition reassignments found");
            expect(described(slow), "Leader: 0\\s+Replicas: 0\\s");
        });
        step("leader-election: preferred", () -> {
            String elected = topic + "-elected";
            assign(elected, "0:1:2");
            move(elected, "[1,2,0]");
            expect(described(elected), "Leader: 0\\s+Replicas: 1,2,0\\s");
            expect(tool("LeaderElectionCommand", "--election-type", "preferred",
                "--topic", elected, "--partition", "0").ok(),
                "Successfully completed leader election \\(PREFERRED\\) for partitions " + elected);
            expect(described(elected), "Leader: 1\\s");
            expect(tool("LeaderElectionCommand", "--election-type", "preferred",
                "--topic", elected, "--partition", "0").ok(), "Valid replica already elected");
        });
        step("leader-election: all partitions", () ->
            tool("LeaderElectionCommand", "--election-type", "preferred",
                "--all-topic-partitions").ok());
    }

    private void assign(String name, String assignment) throws Exception {
        tool("TopicCommand", "--create", "--topic", name, "--replica-assignment", assignment,
            "--config", "min.insync.replicas=1").ok();
        awaitInSync(name);
    }

    private void awaitInSync(String name) throws Exception {
        String out = "";
        for (int i = 0; i < 200; i++) {
            out = tool("TopicCommand", "--describe", "--topic", name,
                "--under-replicated-partitions").ok();
            if (partitions(out) == 0 && !described(name).contains("Leader: none")) return;
            Thread.sleep(100);
        }
        throw new AssertionError(name + " is not in sync:\n" + out);
    }

    /** The tool may print more than the partitions that it was asked for. */
    private static long partitions(String out) {
        return out.lines().filter(line -> line.contains("Partition: ")).count();
    }

    private String described(String name) throws Exception {
        return tool("TopicCommand", "--describe", "--topic", name).ok();
    }

    /** Moves the only partition of a topic and waits until that is done. */
    private void move(String name, String replicas) throws Exception {
        String plan = file(plan(name, replicas));
        expect(reassign("--execute", "--throttle", "100000000",
            "--reassignment-json-file", plan).ok(),
            "Successfully started partition reassignment for " + name + "-0");
        String out = "";
        for (int i = 0; i < 200; i++) {
            out = reassign("--verify", "--reassignment-json-file", plan).ok();
            if (out.contains("Reassignment of partition " + name + "-0 is completed.")) {
                expect(out, "Clearing topic-level throttles");
                return;
            }
            Thread.sleep(100);
        }
        throw new AssertionError("not completed:\n" + out);
    }

    private static String plan(String name, String replicas) {
        return "{\"version\": 1, \"partitions\": [{\"topic\": \"" + name
            + "\", \"partition\": 0, \"replicas\": " + replicas + "}]}";
    }

    private Invocation reassign(String... args) {
        return tool("reassign.ReassignPartitionsCommand", args);
    }

    private static String file(String content) throws Exception {
        Path path = Files.createTempFile("barnabas-", ".json");
        path.toFile().deleteOnExit();
        return Files.writeString(path, content).toString();
    }

    private void sendLarge(String name, int count) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        String value = "x".repeat(1_000);
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                properties, new StringSerializer(), new StringSerializer())) {
            for (int i = 0; i < count; i++) {
                producer.send(new ProducerRecord<>(name, 0, null, value));
            }
        }
    }

    private void configs() {
        step("configs alter and describe a topic", () -> {
            configs("--alter", "--entity-type", "topics", "--entity-name", topic, "--add-config",
                "max.message.bytes=2000000,cleanup.policy=[delete]").ok();
            String out = configs("--describe", "--entity-type", "topics",
                "--entity-name", topic).ok();
            expect(out, "max.message.bytes=2000000 sensitive=false synonyms=\\{"
                + "DYNAMIC_TOPIC_CONFIG:max.message.bytes=2000000, "
                + "DEFAULT_CONFIG:message.max.bytes=1048588\\}");
        });
        step("configs delete of a topic", () -> {
            configs("--alter", "--entity-type", "topics", "--entity-name", topic,
                "--delete-config", "max.message.bytes,cleanup.policy").ok();
            String out = configs("--describe", "--entity-type", "topics",
                "--entity-name", topic).ok();
            if (out.contains("max.message.bytes")) throw new AssertionError(out);
        });
        step("configs describe --all of a topic", () -> {
            String out = configs("--describe", "--all", "--entity-type", "topics",
                "--entity-name", topic).ok();
            expect(out, "segment.bytes=1073741824");
            expect(out, "min.insync.replicas=1");
        });
        step("configs unknown name is refused", () -> expect(
            configs("--alter", "--entity-type", "topics", "--entity-name", topic,
                "--add-config", "retention.millis=1").fails(), "retention.millis"));
        step("configs ill-typed value is refused", () -> expect(
            configs("--alter", "--entity-type", "topics", "--entity-name", topic,
                "--add-config", "retention.ms=soon").fails(), "retention.ms"));
        step("configs of the broker", () -> {
            String node = Integer.toString(onlyNode());
            String out = configs("--describe", "--all", "--entity-type", "brokers",
                "--entity-name", node).ok();
            expect(out, "log.retention.hours=168");
            expect(out, "node.id=" + node);
            configs("--alter", "--entity-type", "brokers", "--entity-default",
                "--add-config", "log.retention.ms=600000000").ok();
            expect(configs("--describe", "--entity-type", "brokers", "--entity-default").ok(),
                "log.retention.ms=600000000");
            configs("--alter", "--entity-type", "brokers", "--entity-default",
                "--delete-config", "log.retention.ms").ok();
        });
        step("configs read-only broker config is refused", () -> expect(
            configs("--alter", "--entity-type", "brokers", "--entity-default",
                "--add-config", "num.partitions=3").fails(), "num.partitions"));
    }

    private void console() {
        step("console producer and consumer", () -> {
            produceByConsole(topic, "k1:one\nk2:two\nk3:three\n",
                "--reader-property", "parse.key=true", "--reader-property", "key.separator=:");
            String out = consumeByConsole(topic, 3, "--formatter-property", "print.key=true");
            expectLines(out, "k1\tone", "k2\ttwo", "k3\tthree");
        });
        step("console producer acks=0 and acks=1", () -> {
            String name = created("acks", 1);
            produceByConsole(name, "zero\n", "--command-property", "enable.idempotence=false",
                "--request-required-acks", "0");
            produceByConsole(name, "one\n", "--command-property", "enable.idempotence=false",
                "--request-required-acks", "1");
            expectLines(consumeByConsole(name, 2), "zero", "one");
        });
        step("console producer creates a topic by producing", () -> {
            produceByConsole(topic + "-auto", "first\n");
            expectLines(consumeByConsole(topic + "-auto", 1), "first");
        });
    }

    private void codecs() {
        for (String codec : List.of("gzip", "snappy", "lz4", "zstd")) {
            step("codec " + codec, () -> {
                String name = created(codec, 1);
                String line = codec.repeat(2000);
                produceByConsole(name, line + "\n" + line + "\n", "--compression-codec", codec);
                expectLines(consumeByConsole(name, 2), line, line);
            });
        }
        for (String codec : List.of("uncompressed", "gzip", "snappy", "lz4", "zstd")) {
            step("recompression to " + codec, () -> {
                String name = topic + "-to-" + codec;
                tool("TopicCommand", "--create", "--topic", name,
                    "--config", "compression.type=" + codec).ok();
                String line = codec.repeat(2000);
                produceByConsole(name, line + "\n" + line + "\n", "--compression-codec", "lz4");
                expectLines(consumeByConsole(name, 2), line, line);
            });
        }
        step("LogAppendTime", () -> {
            String name = topic + "-append-time";
            tool("TopicCommand", "--create", "--topic", name,
                "--config", "message.timestamp.type=LogAppendTime").ok();
            produceByConsole(name, "x\n");
            expect(consumeByConsole(name, 1, "--formatter-property", "print.timestamp=true"),
                "LogAppendTime:\\d{13}");
        });
    }

    private void groups() {
        String group = topic + "-group";
        step("groups commit and describe", () -> {
            consumeByConsole(topic, 3, "--group", group);
            String out = groups("--describe", "--group", group).ok();
            expect(out, group + "\\s+" + topic + "\\s+\\d+");
            expect(groups("--list").ok(), group);
            expect(groups("--list", "--state").ok(), group + "\\s+Classic\\s+Empty|" + group + "\\s+Empty");
        });
        step("groups state and members", () -> {
            expect(groups("--describe", "--group", group, "--state").ok(), "Empty");
            groups("--describe", "--group", group, "--members").ok();
        });
        step("groups all", () -> expect(tool("GroupsCommand", "--list").ok(), group));
        step("groups reset offsets", () -> {
            groups("--reset-offsets", "--group", group, "--topic", topic, "--to-earliest",
                "--execute").ok();
            expectLines(consumeByConsole(topic, 3, "--group", group), "one", "two", "three");
        });
        step("groups delete offsets", () -> expect(
            groups("--delete-offsets", "--group", group, "--topic", topic).ok(), "Successful"));
        step("groups delete", () -> {
            expect(groups("--delete", "--group", group).ok(), "successful");
            if (groups("--list").ok().contains(group)) throw new AssertionError("still listed");
        });
        step("groups delete of an unknown group is refused", () -> expect(
            groups("--delete", "--group", group + "-none").any(), "(?i)GroupIdNotFound|not exist"));
    }

    private void offsets() {
        step("get-offsets", () -> {
            String name = created("offsets", 2);
            produceByConsole(name, "a\nb\nc\n", "--command-property", "partitioner.class="
                + "org.apache.kafka.clients.producer.RoundRobinPartitioner");
            String latest = tool("GetOffsetShell", "--topic", name).ok();
            int sum = latest.lines().filter(line -> line.startsWith(name))
                .mapToInt(line -> Integer.parseInt(line.substring(line.lastIndexOf(':') + 1))).sum();
            if (sum != 3) throw new AssertionError(latest);
            expect(tool("GetOffsetShell", "--topic", name, "--time", "earliest").ok(), ":0:0");
            tool("GetOffsetShell", "--topic", name, "--time", "max-timestamp").ok();
        });
        step("delete-records", () -> {
            String name = created("delete-records", 1);
            produceByConsole(name, "a\nb\nc\n");
            Path file = Files.createTempFile("offsets", ".json");
            Files.writeString(file, "{\"partitions\":[{\"topic\":\"" + name
                + "\",\"partition\":0,\"offset\":2}],\"version\":1}");
            expect(tool("DeleteRecordsCommand", "--offset-json-file", file.toString()).ok(),
                "low_watermark: 2");
            Files.delete(file);
            expect(tool("GetOffsetShell", "--topic", name, "--time", "earliest").ok(), ":0:2");
            expectLines(consumeByConsole(name, 1), "c");
        });
        step("log-dirs", () -> {
            String out = tool("LogDirsCommand", "--describe", "--topic-list", topic).ok();
            expect(out, "\"partition\":\"" + topic + "-0\"");
            expect(out, "\"error\":null");
        });
    }

    private void clients() {
        step("consumer seeks, commits, resumes", this::seekAndCommit);
        step("consumer finds offsets by time", this::offsetsForTimes);
        step("admin lists offsets and describes producers", this::adminOffsets);
    }

    private void seekAndCommit() throws Exception {
        String name = created("seek", 1);
        send(name, 10, 0);
        TopicPartition partition = new TopicPartition(name, 0);
        try (Consumer<String, String> consumer = consumer(name + "-group")) {
            consumer.assign(List.of(partition));
            consumer.seek(partition, 7);
            expectEquals(List.of("7", "8", "9"), read(consumer, 3));
            consumer.commitSync(Map.of(partition, new OffsetAndMetadata(8, "note")));
        }
        try (Consumer<String, String> consumer = consumer(name + "-group")) {
            consumer.assign(List.of(partition));
            OffsetAndMetadata committed = consumer.committed(java.util.Set.of(partition)).get(partition);
            expectEquals(8L, committed.offset());
            expectEquals("note", committed.metadata());
            expectEquals(List.of("8", "9"), read(consumer, 2));
            expectEquals(0L, consumer.beginningOffsets(List.of(partition)).get(partition));
            expectEquals(10L, consumer.endOffsets(List.of(partition)).get(partition));
        }
    }

    private void offsetsForTimes() throws Exception {
        String name = created("times", 1);
        long start = System.currentTimeMillis() - 100_000;
        send(name, 10, start);
        TopicPartition partition = new TopicPartition(name, 0);
        try (Consumer<String, String> consumer = consumer(name + "-group")) {
            expectEquals(4L, consumer.offsetsForTimes(Map.of(partition, start + 4))
                .get(partition).offset());
            expectEquals(null, consumer.offsetsForTimes(Map.of(partition, start + 1000))
                .get(partition));
        }
    }

    private void adminOffsets() throws Exception {
        String name = created("admin", 1);
        long start = System.currentTimeMillis();
        send(name, 5, start);
        TopicPartition partition = new TopicPartition(name, 0);
        try (Admin admin = admin()) {
            expectEquals(4L, admin.listOffsets(Map.of(partition, OffsetSpec.maxTimestamp()))
                .partitionResult(partition).get().offset());
            expectEquals(1, admin.describeProducers(List.of(partition)).partitionResult(partition)
                .get().activeProducers().size());
        }
    }

    private void performance() {
        String name = topic + "-perf";
        step("producer-perf", () -> {
            tool("TopicCommand", "--create", "--topic", name, "--partitions", "3").ok();
            expect(tool("ProducerPerformance", "--topic", name, "--num-records", "50000",
                "--record-size", "200", "--throughput", "-1").ok(), "50000 records sent");
        });
        step("consumer-perf", () -> expect(tool("ConsumerPerformance", "--topic", name,
            "--num-records", "50000", "--timeout", "20000").ok(), "\\d+, 5\\d{4}, "));
        step("end-to-end latency", () -> expect(tool("EndToEndLatency", "--topic", name + "-e2e",
            "--num-records", "200", "--producer-acks", "all", "--record-size", "100").ok(),
            "Avg latency"));
    }

    private void verifiable() {
        String name = topic + "-verifiable";
        step("VerifiableProducer", () -> {
            tool("TopicCommand", "--create", "--topic", name, "--partitions", "3").ok();
            String out = process(TOOLS + "VerifiableProducer", "--bootstrap-server", bootstrap,
                "--topic", name, "--max-messages", "2000", "--throughput", "-1", "--acks", "-1");
            expect(out, "\"sent\":2000,\"acked\":2000");
        });
        step("VerifiableConsumer", () -> {
            String out = tool("VerifiableConsumer", "--topic", name, "--group-id", name,
                "--group-protocol", "classic", "--max-messages", "2000",
                "--reset-policy", "earliest").ok();
            long consumed = Pattern.compile("\"name\":\"records_consumed\".*?\"count\":(\\d+)|"
                + "\"count\":(\\d+)[^}]*\"name\":\"records_consumed\"").matcher(out).results()
                .mapToLong(m -> Long.parseLong(m.group(1) != null ? m.group(1) : m.group(2))).sum();
            if (consumed < 2000) throw new AssertionError(consumed + " consumed\n" + out);
        });
    }

    private void deletion() {
        step("topics delete", () -> {
            tool("TopicCommand", "--delete", "--topic", topic).ok();
            expect(tool("TopicCommand", "--describe", "--topic", topic).fails(), "does not exist");
        });
        step("topics created again under the same name are empty", () -> {
            tool("TopicCommand", "--create", "--topic", topic).ok();
            expect(tool("GetOffsetShell", "--topic", topic).ok(), topic + ":0:0");
            tool("TopicCommand", "--delete", "--topic", topic).ok();
        });
    }

    // The tools.

    private Invocation tool(String name, String... args) {
        List<String> all = new ArrayList<>(List.of(args));
        // Sub-commands of these two come after the connection.
        boolean first = name.equals("MetadataQuorumCommand") || name.equals("FeatureCommand");
        List<String> connection = List.of("--bootstrap-server", bootstrap);
        if (name.equals("ClusterTool")) {
            all.addAll(1, connection);
        } else if (first) {
            all.addAll(0, connection);
        } else {
            all.addAll(connection);
        }
        return new Invocation(TOOLS + name, all, "");
    }

    private Invocation configs(String... args) {
        List<String> all = new ArrayList<>(List.of(args));
        all.addAll(List.of("--bootstrap-server", bootstrap));
        return new Invocation("kafka.admin.ConfigCommand", all, "");
    }

    private Invocation groups(String... args) {
        return tool("consumer.group.ConsumerGroupCommand", args);
    }

    /** For a tool whose last word comes while its JVM ends. */
    private static String process(String main, String... args) throws Exception {
        List<String> command = new ArrayList<>(List.of("java", "-XX:TieredStopAtLevel=1",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
            "-cp", System.getProperty("java.class.path"), main));
        command.addAll(List.of(args));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) throw new AssertionError(out);
        return out;
    }

    private void produceByConsole(String name, String lines, String... args) throws Exception {
        List<String> all = new ArrayList<>(List.of("--topic", name, "--bootstrap-server", bootstrap));
        all.addAll(List.of(args));
        new Invocation(TOOLS + "ConsoleProducer", all, lines).ok();
    }

    private String consumeByConsole(String name, int count, String... args) throws Exception {
        List<String> all = new ArrayList<>(List.of("--topic", name, "--from-beginning",
            "--max-messages", Integer.toString(count), "--timeout-ms", "20000",
            "--bootstrap-server", bootstrap));
        all.addAll(List.of(args));
        return new Invocation(TOOLS + "consumer.ConsoleConsumer", all, "").ok();
    }

    /** One run of a tool's main method in this JVM. */
    private static final class Invocation {
        private final String main;
        private final List<String> args;
        private final String input;

        Invocation(String main, List<String> args, String input) {
            this.main = main;
            this.args = args;
            this.input = input;
        }

        String ok() throws Exception {
            return run(true);
        }

        String fails() throws Exception {
            return run(false);
        }

        String any() throws Exception {
            return run(null);
        }

        private String run(Boolean succeeds) throws Exception {
            ByteArrayOutputStream captured = new ByteArrayOutputStream();
            PrintStream print = new PrintStream(captured, true, StandardCharsets.UTF_8);
            PrintStream err = System.err;
            System.setOut(print);
            System.setErr(print);
            System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
            int code = 0;
            firstExit = null;
            try {
                Class.forName(main).getMethod("main", String[].class)
                    .invoke(null, (Object) args.toArray(new String[0]));
            } catch (java.lang.reflect.InvocationTargetException thrown) {
                code = firstExit != null ? firstExit : 1;
                if (firstExit == null) thrown.getCause().printStackTrace(print);
            } finally {
                HOOKS.forEach(Runnable::run);
                HOOKS.clear();
                System.setOut(OUT);
                System.setErr(err);
                System.setIn(IN);
            }
            String out = captured.toString(StandardCharsets.UTF_8);
            if (succeeds != null && succeeds != (code == 0)) {
                throw new AssertionError("exit code " + code + " of " + args + "\n" + out);
            }
            return out;
        }
    }

    private static final class Exited extends RuntimeException {
        Exited(int code) {
            super("exit " + code, null, false, false);
        }
    }

    // The clients.

    private Admin admin() {
        return Admin.create(Map.<String, Object>of("bootstrap.servers", bootstrap));
    }

    private java.util.Collection<Node> nodes() throws Exception {
        try (Admin admin = admin()) {
            return admin.describeCluster().nodes().get();
        }
    }

    private int onlyNode() throws Exception {
        return nodes().iterator().next().id();
    }

    private String created(String suffix, int partitions) throws Exception {
        String name = topic + "-" + suffix;
        try (Admin admin = admin()) {
            admin.createTopics(List.of(new NewTopic(name, partitions, (short) 1))).all().get();
        }
        return name;
    }

    private void send(String name, int count, long firstTimestamp) throws Exception {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(
                properties, new StringSerializer(), new StringSerializer())) {
            for (int i = 0; i < count; i++) {
                Long timestamp = firstTimestamp == 0 ? null : firstTimestamp + i;
                producer.send(new ProducerRecord<>(name, 0, timestamp, null, Integer.toString(i)));
            }
        }
    }

    private Consumer<String, String> consumer(String group) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.put("group.id", group);
        properties.put("enable.auto.commit", "false");
        properties.put("auto.offset.reset", "earliest");
        return new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer());
    }

    private static List<String> read(Consumer<String, String> consumer, int count) {
        List<String> values = new ArrayList<>();
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (values.size() < count && System.nanoTime() < deadline) {
            for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
                values.add(record.value());
            }
        }
        return values;
    }

    // Steps and expectations.

    private interface Body {
        void run() throws Exception;
    }

    private void step(String name, Body body) {
        if (!only.matcher(name).find()) return;
        long start = System.nanoTime();
        try {
            body.run();
            passed++;
            OUT.printf("ok    %s (%d ms)%n", name, (System.nanoTime() - start) / 1_000_000);
        } catch (Throwable thrown) {
            failed++;
            OUT.printf("FAIL  %s: %s%n", name, thrown);
        }
        OUT.flush();
    }

    private static void expect(String out, String pattern) {
        if (!Pattern.compile(pattern).matcher(out).find()) {
            throw new AssertionError("expected /" + pattern + "/ in:\n" + out);
        }
    }

    private static void expectLines(String out, String... lines) {
        List<String> printed = out.lines().sorted().toList();
        for (String line : lines) {
            if (!printed.contains(line)) {
                throw new AssertionError("expected the line '" + line + "' in:\n" + out);
            }
        }
    }

    private static void expectEquals(Object expected, Object actual) {
        if (!java.util.Objects.equals(expected, actual)) {
            throw new AssertionError("expected " + expected + ", got " + actual);
        }
    }
}
