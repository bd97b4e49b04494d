package main

import (
	"context"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
)

type segmentioClient struct {
	bootstrap string
	topic     string
	group     string
	client    *kafka.Client
}

func runSegmentio(steps *steps, bootstrap string) {
	client := &kafka.Client{Addr: kafka.TCP(bootstrap), Timeout: 20 * time.Second}
	c := segmentioClient{bootstrap, steps.topic, steps.topic + "-group", client}
	steps.run("creates a topic", c.create)
	for _, codec := range []kafka.Compression{0, kafka.Gzip, kafka.Snappy, kafka.Lz4, kafka.Zstd} {
		steps.run(fmt.Sprintf("produces, codec %d", codec), func() error { return c.produce(codec) })
	}
	steps.run("consumes in a group and commits", c.consume)
	steps.run("seeks", c.seek)
	steps.run("administers", c.administer)
}

func timeout() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 30*time.Second)
}

func (c segmentioClient) create() error {
	ctx, cancel := timeout()
	defer cancel()
	response, err := c.client.CreateTopics(ctx, &kafka.CreateTopicsRequest{
		Topics: []kafka.TopicConfig{{Topic: c.topic, NumPartitions: 3, ReplicationFactor: 1}},
	})
	if err != nil {
		return err
	}
	return response.Errors[c.topic]
}

func (c segmentioClient) produce(codec kafka.Compression) error {
	ctx, cancel := timeout()
	defer cancel()
	writer := &kafka.Writer{
		Addr: kafka.TCP(c.bootstrap), Topic: c.topic, RequiredAcks: kafka.RequireAll,
		Compression: codec, BatchTimeout: 5 * time.Millisecond, Balancer: &kafka.RoundRobin{},
	}
	defer writer.Close()
	messages := make([]kafka.Message, 60)
	for i := range messages {
		messages[i].Value = []byte(fmt.Sprintf("%d-%d", codec, i))
	}
	return writer.WriteMessages(ctx, messages...)
}

func (c segmentioClient) consume() error {
	const want = 300
	ctx, cancel := timeout()
	defer cancel()
	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers: []string{c.bootstrap}, Topic: c.topic, GroupID: c.group,
		StartOffset: kafka.FirstOffset, MaxWait: 200 * time.Millisecond,
	})
	for i := 0; i < want; i++ {
		message, err := reader.FetchMessage(ctx)
		if err != nil {
			return fmt.Errorf("after %d messages: %w", i, err)
		}
		if err := reader.CommitMessages(ctx, message); err != nil {
			return err
		}
	}
	if err := reader.Close(); err != nil {
		return err
	}
	response, err := c.client.OffsetFetch(ctx, &kafka.OffsetFetchRequest{
		GroupID: c.group, Topics: map[string][]int{c.topic: {0, 1, 2}},
	})
	if err != nil {
		return err
	}
	var sum int64
	for _, partition := range response.Topics[c.topic] {
		sum += partition.CommittedOffset
	}
	return expect("committed", sum, want)
}

func (c segmentioClient) seek() error {
	ctx, cancel := timeout()
	defer cancel()
	connection, err := kafka.DialLeader(ctx, "tcp", c.bootstrap, c.topic, 0)
	if err != nil {
		return err
	}
	defer connection.Close()
	end, err := connection.ReadLastOffset()
	if err != nil {
		return err
	}
	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers: []string{c.bootstrap}, Topic: c.topic, Partition: 0, MaxWait: 200 * time.Millisecond,
	})
	defer reader.Close()
	if err := reader.SetOffset(end - 1); err != nil {
		return err
	}
	message, err := reader.ReadMessage(ctx)
	if err != nil {
		return err
	}
	return expect("offset", message.Offset, end-1)
}

func (c segmentioClient) administer() error {
	ctx, cancel := timeout()
	defer cancel()
	partitions, err := c.client.CreatePartitions(ctx, &kafka.CreatePartitionsRequest{
		Topics: []kafka.TopicPartitionsConfig{{Name: c.topic, Count: 4}},
	})
	if err != nil {
		return err
	}
	if err := partitions.Errors[c.topic]; err != nil {
		return err
	}
	resource := kafka.IncrementalAlterConfigsRequestResource{
		ResourceType: kafka.ResourceTypeTopic, ResourceName: c.topic,
		Configs: []kafka.IncrementalAlterConfigsRequestConfig{
			{Name: "retention.ms", Value: "7200000", ConfigOperation: kafka.ConfigOperationSet},
		},
	}
	if _, err := c.client.IncrementalAlterConfigs(ctx, &kafka.IncrementalAlterConfigsRequest{
		Resources: []kafka.IncrementalAlterConfigsRequestResource{resource},
	}); err != nil {
		return err
	}
	configs, err := c.client.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{
		Resources: []kafka.DescribeConfigRequestResource{{
			ResourceType: kafka.ResourceTypeTopic, ResourceName: c.topic,
			ConfigNames: []string{"retention.ms"},
		}},
	})
	if err != nil {
		return err
	}
	value := configs.Resources[0].ConfigEntries[0].ConfigValue
	if err := expect("retention.ms", value, "7200000"); err != nil {
		return err
	}
	if _, err := c.client.DeleteGroups(ctx, &kafka.DeleteGroupsRequest{
		GroupIDs: []string{c.group},
	}); err != nil {
		return err
	}
	deleted, err := c.client.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: []string{c.topic}})
	if err != nil {
		return err
	}
	return deleted.Errors[c.topic]
}
