#!/bin/sh
# kcat 1.7.1 (librdkafka 2.0) against one broker. Usage: kcat.sh BOOTSTRAP_SERVERS
set -u
broker=$1
topic="kcat-$$-$(date +%s)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

step() {
    name=$1
    shift
    if "$@" >"$work/out" 2>"$work/err"; then
        passed=$((passed + 1))
        echo "ok    $name"
    else
        failed=$((failed + 1))
        echo "FAIL  $name"
        cat "$work/out" "$work/err"
    fi
}

metadata() {
    kcat -b "$broker" -L -J | grep -q '"brokers":\[{"id":'
}

produce() {
    seq 1 1000 | sed "s/^/$1-/" >"$work/sent.$1"
    kcat -b "$broker" -P -t "$topic" -z "$1" -X enable.idempotence=true <"$work/sent.$1"
}

# The topic has the partitions that the broker gives to one it creates by itself.
consume_all() {
    kcat -b "$broker" -C -t "$topic" -o beginning -e -q | sort >"$work/read"
    cat "$work"/sent.* | sort | cmp - "$work/read"
}

# The first run commits what it reads; the second finds nothing new.
consume_in_a_group() {
    kcat -b "$broker" -G "$topic-group" -c 5000 -q -X auto.offset.reset=earliest \
        -X topic.metadata.refresh.interval.ms=1000 "$topic" 2>"$work/group" | sort >"$work/read"
    cat "$work"/sent.* | sort | cmp - "$work/read" || { cat "$work/group"; return 1; }
    echo last | kcat -b "$broker" -P -t "$topic" || return 1
    kcat -b "$broker" -G "$topic-group" -c 1 -q "$topic" 2>/dev/null | grep -qx last
}

seek() {
    kcat -b "$broker" -C -t "$topic" -p 0 -o -1 -c 1 -q | grep -qx last || return 1
    kcat -b "$broker" -C -t "$topic" -p 0 -o 3 -c 1 -q -f '%o\n' | grep -qx 3
}

by_time() {
    now=$(date +%s%3N)
    kcat -b "$broker" -Q -t "$topic:0:$((now - 3600000))" | grep -q "offset 0" || return 1
    kcat -b "$broker" -C -t "$topic" -o "s@$((now - 3600000))" -c 1 -e -q | grep -q .
}

headers_and_keys() {
    printf 'k:v' | kcat -b "$broker" -P -t "$topic-keys" -K : -H trace=1 || return 1
    kcat -b "$broker" -C -t "$topic-keys" -o beginning -c 1 -q -f '%k %s %h\n' | grep -qx 'k v trace=1'
}

acks() {
    echo "acks $1" | kcat -b "$broker" -P -t "$topic-acks" -X acks="$1" || return 1
    kcat -b "$broker" -C -t "$topic-acks" -o -1 -c 1 -q | grep -qx "acks $1"
}

step "metadata as JSON" metadata
for codec in none gzip snappy lz4 zstd; do
    step "produces $codec" produce "$codec"
done
step "consumes it all" consume_all
step "consumes in a group and commits" consume_in_a_group
step "seeks" seek
step "finds offsets by time" by_time
step "headers and keys" headers_and_keys
step "acks=1" acks 1
step "acks=all" acks all
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
