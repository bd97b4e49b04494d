import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.server.common.RequestLocal;
import org.apache.kafka.server.storage.log.FetchIsolation;
import org.apache.kafka.server.util.KafkaScheduler;
import org.apache.kafka.storage.internals.log.AppendOrigin;
import org.apache.kafka.storage.internals.log.FetchDataInfo;
import org.apache.kafka.storage.internals.log.LogConfig;
import org.apache.kafka.storage.internals.log.LogDirFailureChannel;
import org.apache.kafka.storage.internals.log.ProducerStateManagerConfig;
import org.apache.kafka.storage.internals.log.UnifiedLog;
import org.apache.kafka.storage.internals.log.VerificationGuard;
import org.apache.kafka.storage.log.metrics.BrokerTopicStats;

/**
 * Apache Kafka's own log, to compare ours with: `append DIR FILE TIME` appends the batches of FILE one by
 * one (leader epoch: number divided by 8) and closes; `open DIR clean|unclean TIME` opens. Both print
 * what the log holds, with lookups of times after the one that is the last argument.
 */
public class LogOracle {
    public static void main(String[] args) throws Exception {
        File dir = new File(args[1]);
        boolean clean = !args[0].equals("open") || args[2].equals("clean");
        KafkaScheduler scheduler = new KafkaScheduler(1);
        scheduler.startup();
        UnifiedLog log = UnifiedLog.create(dir, config(), 0L, 0L, scheduler,
            new BrokerTopicStats(), Time.SYSTEM, 900_000,
            new ProducerStateManagerConfig(Integer.MAX_VALUE, false), 600_000,
            new LogDirFailureChannel(1), clean, Optional.<Uuid>empty());
        if (args[0].equals("append")) {
            append(log, Files.readAllBytes(Path.of(args[2])));
        }
        print(log, Long.parseLong(args[args.length - 1]));
        log.close();
        scheduler.shutdown();
    }

    private static LogConfig config() {
        return new LogConfig(Map.of(
            "internal.segment.bytes", "4096",
            "index.interval.bytes", "300",
            "retention.ms", "-1"));
    }

    private static void append(UnifiedLog log, byte[] bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        int number = 0;
        for (RecordBatch batch : MemoryRecords.readableRecords(buffer).batches()) {
            ByteBuffer one = ByteBuffer.allocate(batch.sizeInBytes());
            batch.writeTo(one);
            one.flip();
            AppendOrigin origin =
                batch.isControlBatch() ? AppendOrigin.COORDINATOR : AppendOrigin.CLIENT;
            log.appendAsLeader(MemoryRecords.readableRecords(one), number / 8, origin,
                RequestLocal.noCaching(), VerificationGuard.SENTINEL, (short) 1);
            log.updateHighWatermark(log.logEndOffset());
            number++;
        }
    }

    private static void print(UnifiedLog log, long base) throws IOException {
        System.out.println("start " + log.logStartOffset());
        System.out.println("end " + log.logEndOffset());
        long offset = log.logStartOffset();
        while (offset < log.logEndOffset()) {
            FetchDataInfo data = log.read(offset, 2000, FetchIsolation.LOG_END, true);
            for (RecordBatch batch : data.records.batches()) {
                System.out.println("batch " + batch.baseOffset() + " " + batch.lastOffset() + " "
                    + batch.checksum() + " " + batch.partitionLeaderEpoch());
                offset = batch.nextOffset();
            }
        }
        new TreeMap<>(log.activeProducersWithLastSequence()).forEach((id, sequence) ->
            System.out.println("producer " + id + " " + sequence));
        log.leaderEpochCache().epochEntries().forEach(entry ->
            System.out.println("epoch " + entry.epoch() + " " + entry.startOffset()));
        for (long time : new long[] {0, base, base + 777, base + 5_000}) {
            var found = log.fetchOffsetByTimestamp(time, Optional.empty()).timestampAndOffsetOpt();
            System.out.println("time " + time + found.map(at ->
                " " + at.timestamp + " " + at.offset).orElse(" none"));
        }
        log.collectAbortedTransactions(log.logStartOffset(), log.logEndOffset()).forEach(txn ->
            System.out.println("aborted " + txn.producerId() + " " + txn.firstOffset() + " "
                + txn.lastOffset() + " " + txn.lastStableOffset()));
    }
}
