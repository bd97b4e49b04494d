// Sarama and segmentio/kafka-go against one broker.
// Usage: clients sarama|segmentio BOOTSTRAP_SERVERS
package main

import (
	"fmt"
	"os"
	"time"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: clients sarama|segmentio BOOTSTRAP_SERVERS")
		os.Exit(2)
	}
	steps := &steps{topic: fmt.Sprintf("%s-%x", os.Args[1], time.Now().UnixNano())}
	switch os.Args[1] {
	case "sarama":
		runSarama(steps, os.Args[2])
	case "segmentio":
		runSegmentio(steps, os.Args[2])
	default:
		fmt.Fprintf(os.Stderr, "no client %q\n", os.Args[1])
		os.Exit(2)
	}
	fmt.Printf("%d passed, %d failed\n", steps.passed, steps.failed)
	if steps.failed > 0 || steps.passed == 0 {
		os.Exit(1)
	}
}

// steps counts the named steps of one client.
type steps struct {
	topic          string
	passed, failed int
}

func (s *steps) run(name string, body func() error) {
	start := time.Now()
	if err := body(); err != nil {
		s.failed++
		fmt.Printf("FAIL  %s: %v\n", name, err)
		return
	}
	s.passed++
	fmt.Printf("ok    %s (%d ms)\n", name, time.Since(start).Milliseconds())
}

func expect[T comparable](what string, actual, expected T) error {
	if actual != expected {
		return fmt.Errorf("%s: expected %v, got %v", what, expected, actual)
	}
	return nil
}
