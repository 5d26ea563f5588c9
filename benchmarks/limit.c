/*
 * The practical limit of one core: what the heart of a report costs when nothing but C does it.
 *
 *   gcc -O3 -march=native limit.c -o limit && ./limit CAPTURE.pcap
 *
 * Reads a little-endian pcap of Ethernet block by block, finds Ethernet/IPv4/TCP/UDP headers, keeps a table of flows
 * and, for each direction of TCP, the next sequence number, the segments that wait for their ACK, what was sent again,
 * and one round trip per ACK that covers a segment (none where Karn's rule forbids it), in a histogram of microseconds.
 * Prints one JSON object. It checks far less than a reader of other people's captures must.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 1 << 20, LONGEST = 1 << 18, FILE_HEADER = 24, RECORD_HEADER = 16, LONGEST_RTT = 1 << 20 };
enum { FIN = 1, SYN = 2, ACK = 16, PROTOCOL_TCP = 6, PROTOCOL_UDP = 17 };

struct waiting { uint32_t end; uint32_t is_doubtful; uint64_t sent_us; };

struct side {
    struct waiting *ring;
    uint32_t room, first, used, next_seq, has_begun;
    uint64_t packets, payload;
};

struct flow { uint64_t addresses; uint32_t ports; uint8_t protocol, is_used; struct side *side; };

static struct flow *table;
static uint64_t slots = 1 << 12, flows, packets, retransmissions, round_trips, *histogram;

static inline uint16_t be16(const uint8_t *at) { uint16_t v; memcpy(&v, at, 2); return __builtin_bswap16(v); }
static inline uint32_t be32(const uint8_t *at) { uint32_t v; memcpy(&v, at, 4); return __builtin_bswap32(v); }
static inline uint32_t le32(const uint8_t *at) { uint32_t v; memcpy(&v, at, 4); return v; }

static inline uint64_t slot_of(uint64_t addresses, uint32_t ports, uint8_t protocol) {
    uint64_t x = addresses ^ ((uint64_t)ports << 17) ^ protocol;
    x = (x ^ (x >> 31)) * 0x9E3779B97F4A7C15ull;
    x = (x ^ (x >> 29)) * 0xBF58476D1CE4E5B9ull;
    return (x ^ (x >> 32)) & (slots - 1);
}

static void double_table(void) {
    struct flow *old = table;
    uint64_t before = slots;
    slots *= 2;
    table = calloc(slots, sizeof *table);
    for (uint64_t i = 0; i < before; i++) {
        if (!old[i].is_used) continue;
        uint64_t at = slot_of(old[i].addresses, old[i].ports, old[i].protocol);
        while (table[at].is_used) at = (at + 1) & (slots - 1);
        table[at] = old[i];
    }
    free(old);
}

static inline struct flow *flow_of(uint64_t addresses, uint32_t ports, uint8_t protocol) {
    if (flows * 2 >= slots) double_table();
    uint64_t at = slot_of(addresses, ports, protocol);
    for (;; at = (at + 1) & (slots - 1)) {
        struct flow *one = &table[at];
        if (!one->is_used) {
            *one = (struct flow){addresses, ports, protocol, 1, calloc(2, sizeof(struct side))};
            flows++;
            return one;
        }
        if (one->addresses == addresses && one->ports == ports && one->protocol == protocol) return one;
    }
}

static void double_ring(struct side *side) {
    uint32_t room = side->room ? 2 * side->room : 4;
    struct waiting *ring = malloc(room * sizeof *ring);
    for (uint32_t i = 0; i < side->used; i++) ring[i] = side->ring[(side->first + i) & (side->room - 1)];
    free(side->ring);
    side->ring = ring, side->room = room, side->first = 0;
}

static inline void note_data(struct side *mine, uint32_t seq, uint32_t length, uint64_t ts_us) {
    uint32_t end = seq + length;
    if (!mine->has_begun) mine->has_begun = 1, mine->next_seq = seq;
    if ((int32_t)(seq - mine->next_seq) < 0) {
        retransmissions++;
        for (uint32_t i = mine->used; i-- > 0;) {
            struct waiting *one = &mine->ring[(mine->first + i) & (mine->room - 1)];
            if ((int32_t)(one->end - seq) <= 0) break;
            one->is_doubtful |= one->end == end;
        }
        return;
    }
    mine->next_seq = end;
    if (mine->used == mine->room) double_ring(mine);
    mine->ring[(mine->first + mine->used++) & (mine->room - 1)] = (struct waiting){end, 0, ts_us};
}

static inline void note_ack(struct side *theirs, uint32_t ack, uint64_t ts_us) {
    uint32_t is_doubtful = 0, is_exact = 0;
    uint64_t sent_us = 0;
    while (theirs->used) {
        struct waiting *one = &theirs->ring[theirs->first & (theirs->room - 1)];
        int32_t beyond = (int32_t)(ack - one->end);
        if (beyond < 0) break;
        is_doubtful |= one->is_doubtful;
        is_exact = beyond == 0;
        sent_us = one->sent_us;
        theirs->first = (theirs->first + 1) & (theirs->room - 1), theirs->used--;
    }
    if (!is_exact || is_doubtful) return;
    uint64_t took = ts_us - sent_us;
    histogram[took < LONGEST_RTT ? took : LONGEST_RTT - 1]++;
    round_trips++;
}

static inline void note_packet(const uint8_t *record, uint32_t captured) {
    packets++;
    const uint8_t *frame = record + RECORD_HEADER;
    uint32_t at = 14;
    uint16_t ethertype = be16(frame + 12);
    while ((ethertype == 0x8100 || ethertype == 0x88A8) && captured >= at + 4) ethertype = be16(frame + at + 2), at += 4;
    if (ethertype != 0x0800 || captured < at + 28) return;
    const uint8_t *ip = frame + at, *transport = ip + 4 * (ip[0] & 15);
    uint8_t protocol = ip[9];
    uint32_t source = be32(ip + 12), target = be32(ip + 16), from = 0, to = 0;
    if (protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP) from = be16(transport), to = be16(transport + 2);
    int back = source > target || (source == target && from > to);
    uint64_t addresses = back ? (uint64_t)target << 32 | source : (uint64_t)source << 32 | target;
    struct flow *flow = flow_of(addresses, back ? to << 16 | from : from << 16 | to, protocol);
    struct side *mine = &flow->side[back];
    mine->packets++;
    if (protocol != PROTOCOL_TCP || captured < (uint32_t)(transport - frame) + 20) return;
    uint64_t ts_us = (uint64_t)le32(record) * 1000000 + le32(record + 4);
    uint8_t flags = transport[13];
    uint32_t payload = be16(ip + 2) - 4 * (ip[0] & 15) - 4 * (transport[12] >> 4);
    mine->payload += payload;
    if (payload || flags & (SYN | FIN)) note_data(mine, be32(transport + 4), payload + !!(flags & (SYN | FIN)), ts_us);
    if (flags & ACK) note_ack(&flow->side[!back], be32(transport + 8), ts_us);
}

int main(int argc, char **argv) {
    int file = argc == 2 ? open(argv[1], O_RDONLY) : -1;
    uint8_t *buffer = malloc(BLOCK + LONGEST);
    table = calloc(slots, sizeof *table);
    histogram = calloc(LONGEST_RTT, sizeof *histogram);
    if (file < 0 || read(file, buffer, FILE_HEADER) != FILE_HEADER || le32(buffer) != 0xA1B2C3D4) {
        fprintf(stderr, "usage: limit CAPTURE.pcap (little-endian, microseconds)\n");
        return 2;
    }
    size_t held = 0;
    for (ssize_t more; (more = read(file, buffer + held, BLOCK)) > 0;) {
        held += more;
        uint8_t *at = buffer, *end = buffer + held;
        while (end - at >= RECORD_HEADER) {
            uint32_t captured = le32(at + 8);
            if (captured > LONGEST - RECORD_HEADER) return 1;
            if ((size_t)(end - at) < RECORD_HEADER + (size_t)captured) break;
            note_packet(at, captured);
            at += RECORD_HEADER + captured;
        }
        held = end - at;
        memmove(buffer, at, held);
    }
    uint64_t rank = (round_trips + 1) / 2, seen = 0, median = 0;
    while (round_trips && (seen += histogram[median]) < rank) median++;
    printf("{\"packets\": %lu, \"flows\": %lu, \"retransmissions\": %lu, \"round_trips\": %lu, \"median_us\": %lu}\n",
           packets, flows, retransmissions, round_trips, median);
    return 0;
}
