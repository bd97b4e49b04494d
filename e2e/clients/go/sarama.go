package main

import (
	"context"
	"fmt"
	"time"

	"github.com/IBM/sarama"
)

type saramaClient struct {
	brokers []string
	topic   string
	group   string
}

func runSarama(steps *steps, bootstrap string) {
	c := saramaClient{[]string{bootstrap}, steps.topic, steps.topic + "-group"}
	steps.run("creates a topic", c.create)
	for _, codec := range []sarama.CompressionCodec{
		sarama.CompressionNone, sarama.CompressionGZIP, sarama.CompressionSnappy,
		sarama.CompressionLZ4, sarama.CompressionZSTD,
	} {
		steps.run("produces idempotently, "+codec.String(), func() error { return c.produce(codec) })
	}
	steps.run("consumes in a group and commits", c.consume)
	steps.run("seeks", c.seek)
	steps.run("administers", c.administer)
}

func (c saramaClient) config() *sarama.Config {
	config := sarama.NewConfig()
	config.Version = sarama.V4_0_0_0
	config.Producer.Return.Successes = true
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	return config
}

func (c saramaClient) create() error {
	admin, err := sarama.NewClusterAdmin(c.brokers, c.config())
	if err != nil {
		return err
	}
	defer admin.Close()
	return admin.CreateTopic(c.topic, &sarama.TopicDetail{NumPartitions: 3, ReplicationFactor: 1}, false)
}

func (c saramaClient) produce(codec sarama.CompressionCodec) error {
	config := c.config()
	config.Producer.Compression = codec
	config.Producer.Idempotent = true
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Net.MaxOpenRequests = 1
	producer, err := sarama.NewSyncProducer(c.brokers, config)
	if err != nil {
		return err
	}
	defer producer.Close()
	messages := make([]*sarama.ProducerMessage, 60)
	for i := range messages {
		messages[i] = &sarama.ProducerMessage{
			Topic: c.topic,
			Value: sarama.StringEncoder(fmt.Sprintf("%s-%d", codec, i)),
		}
	}
	return producer.SendMessages(messages)
}

// groupReader reads a number of messages, marks them and ends.
type groupReader struct {
	want int
	read chan struct{}
}

func (groupReader) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (groupReader) Cleanup(sarama.ConsumerGroupSession) error { return nil }
func (r groupReader) ConsumeClaim(s sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case message, ok := <-claim.Messages():
			if !ok {
				return nil
			}
			s.MarkMessage(message, "")
			r.read <- struct{}{}
		case <-s.Context().Done():
			return nil
		}
	}
}

func (c saramaClient) consume() error {
	const want = 300
	group, err := sarama.NewConsumerGroup(c.brokers, c.group, c.config())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	reader := groupReader{want: want, read: make(chan struct{}, want*2)}
	ended := make(chan error, 1)
	go func() { ended <- group.Consume(ctx, []string{c.topic}, reader) }()
	for i := 0; i < want; i++ {
		select {
		case <-reader.read:
		case <-ctx.Done():
			return fmt.Errorf("only %d messages", i)
		}
	}
	cancel()
	<-ended
	if err := group.Close(); err != nil {
		return err
	}
	admin, err := sarama.NewClusterAdmin(c.brokers, c.config())
	if err != nil {
		return err
	}
	defer admin.Close()
	response, err := admin.ListConsumerGroupOffsets(c.group, map[string][]int32{c.topic: {0, 1, 2}})
	if err != nil {
		return err
	}
	var sum int64
	for partition := int32(0); partition < 3; partition++ {
		if block := response.GetBlock(c.topic, partition); block.Offset > 0 {
			sum += block.Offset
		}
	}
	return expect("committed", sum, int64(want))
}

func (c saramaClient) seek() error {
	client, err := sarama.NewClient(c.brokers, c.config())
	if err != nil {
		return err
	}
	defer client.Close()
	partition, end := int32(0), int64(0)
	for ; partition < 3; partition++ {
		if end, err = client.GetOffset(c.topic, partition, sarama.OffsetNewest); err != nil {
			return err
		}
		if end > 0 {
			break
		}
	}
	consumer, err := sarama.NewConsumerFromClient(client)
	if err != nil {
		return err
	}
	defer consumer.Close()
	reader, err := consumer.ConsumePartition(c.topic, partition, end-1)
	if err != nil {
		return err
	}
	defer reader.Close()
	select {
	case message := <-reader.Messages():
		return expect("offset", message.Offset, end-1)
	case <-time.After(20 * time.Second):
		return fmt.Errorf("nothing at offset %d", end-1)
	}
}

func (c saramaClient) administer() error {
	admin, err := sarama.NewClusterAdmin(c.brokers, c.config())
	if err != nil {
		return err
	}
	defer admin.Close()
	if err := admin.CreatePartitions(c.topic, 4, nil, false); err != nil {
		return err
	}
	value := "7200000"
	change := map[string]sarama.IncrementalAlterConfigsEntry{
		"retention.ms": {Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &value},
	}
	if err := admin.IncrementalAlterConfig(sarama.TopicResource, c.topic, change, false); err != nil {
		return err
	}
	entries, err := admin.DescribeConfig(sarama.ConfigResource{
		Type: sarama.TopicResource, Name: c.topic, ConfigNames: []string{"retention.ms"},
	})
	if err != nil {
		return err
	}
	if err := expect("retention.ms", entries[0].Value, value); err != nil {
		return err
	}
	groups, err := admin.DescribeConsumerGroups([]string{c.group})
	if err != nil {
		return err
	}
	if err := expect("state", groups[0].State, "Empty"); err != nil {
		return err
	}
	if err := admin.DeleteRecords(c.topic, map[int32]int64{0: 0}); err != nil {
		return err
	}
	if err := admin.DeleteConsumerGroup(c.group); err != nil {
		return err
	}
	return admin.DeleteTopic(c.topic)
}
