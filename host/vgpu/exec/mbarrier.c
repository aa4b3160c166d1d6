#include "mbarrier.h"
#include "round_trip.h"
#include "written.h"

#include <inttypes.h>
#include <stdio.h>

enum { COUNT_MAX = (1 << 20) - 1, COUNT_BITS = 20, TRANSACTION_BITS = 21 };

/* The two top bits are 01 in an object that was initialised: neither poison (0xCD...) nor zeros look so. */
#define VALID_BITS 62
#define VALID 1ull

struct counts {
    uint32_t expected, pending;
    int64_t transaction;
    bool phase;
};

static struct counts unpack(uint64_t object) {
    return (struct counts){.expected = object & COUNT_MAX,
                           .pending = object >> COUNT_BITS & COUNT_MAX,
                           .transaction = (int64_t)(object << 3) >> (64 - TRANSACTION_BITS),
                           .phase = object >> 61 & 1};
}

static uint64_t pack(const struct counts *counts) {
    uint64_t transaction = (uint64_t)counts->transaction & ((1ull << TRANSACTION_BITS) - 1);
    return counts->expected | (uint64_t)counts->pending << COUNT_BITS | transaction << 2 * COUNT_BITS |
           (uint64_t)counts->phase << 61 | VALID << VALID_BITS;
}

static bool refuse(struct warp *warp, const struct bound *i, unsigned lane, const char *message) {
    fault_message(warp, i, lane, CHECK_SYNC, 0, message);
    return false;
}

static bool is_valid(struct warp *warp, const struct bound *i, unsigned lane, const uint64_t *object) {
    return *object >> VALID_BITS == VALID ||
           refuse(warp, i, lane, "an mbarrier is used that was not initialised, or was invalidated");
}

struct race_mbarrier mbarrier_place(const struct cluster *cluster, const uint64_t *object) {
    size_t at = (size_t)((const uint8_t *)object - cluster->shared), stride = cluster->grid->shared_stride;
    return (struct race_mbarrier){&cluster->blocks[at / stride], (uint32_t)(at % stride)};
}

/* Those that wait for a phase of a barrier in this block try again. */
static void wake(struct block *block) {
    block->cluster->idle_turns = 0;
    for (unsigned j = 0; j < block->warp_count; j++) {
        struct warp *warp = &block->warps[j];
        for (unsigned k = 0; k < warp->fragment_count; k++)
            if (warp->fragments[k].state == FRAGMENT_AT_MBARRIER) {
                warp->fragments[k].state = FRAGMENT_READY;
                block->ready |= 1u << j;
            }
    }
}

static bool settle(struct warp *warp, uint64_t *object, struct counts *counts) {
    bool completes = counts->pending == 0 && counts->transaction == 0;
    if (completes) {
        counts->pending = counts->expected;
        counts->phase = !counts->phase;
    }
    *object = pack(counts);
    warp->grid->changes++;
    if (completes) {
        struct race_mbarrier place = mbarrier_place(warp->block->cluster, object);
        if (warp->grid->race)
            race_mbarrier_complete(place);
        struct block *home = &warp->block->cluster->blocks[place.home->rank];
        trips_begin_phase(home, object, counts->phase);
        wake(home);
    }
    return true;
}

bool mbarrier_init(struct warp *warp, const struct bound *i, unsigned lane, uint64_t *object,
                   uint32_t count) {
    if (count == 0 || count > COUNT_MAX) {
        char message[120];
        snprintf(message, sizeof message, "mbarrier.init with the count %" PRIu32 "; it must be 1 to %d",
                 count, COUNT_MAX);
        return refuse(warp, i, lane, message);
    }
    struct race_mbarrier place = mbarrier_place(warp->block->cluster, object);
    written_init_mbarrier(warp, i, lane, place.home, place.offset);
    if (warp->grid->race)
        race_mbarrier_set_up(warp, i, lane, place);
    warp->grid->changes++;
    *object = pack(&(struct counts){.expected = count, .pending = count});
    return true;
}

bool mbarrier_invalidate(struct warp *warp, const struct bound *i, unsigned lane, uint64_t *object) {
    if (!is_valid(warp, i, lane, object))
        return false;
    struct race_mbarrier place = mbarrier_place(warp->block->cluster, object);
    written_inval_mbarrier(place.home, place.offset);
    if (warp->grid->race)
        race_mbarrier_set_up(warp, i, lane, place);
    warp->grid->changes++;
    *object = 0;
    return true;
}

static bool add_transaction(struct warp *warp, const struct bound *i, unsigned lane, struct counts *counts,
                            int64_t transaction) {
    counts->transaction += transaction;
    if (counts->transaction >= -COUNT_MAX && counts->transaction <= COUNT_MAX)
        return true;
    char message[120];
    snprintf(message, sizeof message,
             "the transaction count of an mbarrier becomes %" PRId64 "; it must stay within %d and %d",
             counts->transaction, -COUNT_MAX, COUNT_MAX);
    return refuse(warp, i, lane, message);
}

bool mbarrier_transact(struct warp *warp, const struct bound *i, unsigned lane, uint64_t *object,
                       int64_t transaction) {
    if (!is_valid(warp, i, lane, object))
        return false;
    if (warp->grid->race)
        race_mbarrier_transact(warp, i, lane, mbarrier_place(warp->block->cluster, object));
    struct counts counts = unpack(*object);
    return add_transaction(warp, i, lane, &counts, transaction) && settle(warp, object, &counts);
}

bool mbarrier_arrive(struct warp *warp, const struct bound *i, unsigned lane, uint64_t *object,
                     struct mbarrier_arrival arrival, uint64_t *state) {
    if (!is_valid(warp, i, lane, object))
        return false;
    *state = *object;
    struct counts counts = unpack(*object);
    if (arrival.count == 0 || arrival.count > counts.pending) {
        char message[160];
        snprintf(message, sizeof message,
                 "%" PRIu32 " arrivals at an mbarrier whose phase has %" PRIu32 " pending of %" PRIu32,
                 arrival.count, counts.pending, counts.expected);
        return refuse(warp, i, lane, message);
    }
    if (!add_transaction(warp, i, lane, &counts, arrival.transaction))
        return false;
    if (warp->grid->race && !arrival.of_copies)
        race_mbarrier_arrive(warp, i, lane, mbarrier_place(warp->block->cluster, object), i->order);
    else if (warp->grid->race)
        race_mbarrier_track(warp, i, lane, mbarrier_place(warp->block->cluster, object));
    counts.pending -= arrival.count;
    if (arrival.drops)
        counts.expected -= arrival.count;
    if (arrival.must_not_complete && counts.pending == 0)
        return refuse(warp, i, lane, "an arrival with .noComplete completes the phase of its mbarrier");
    return settle(warp, object, &counts);
}

bool mbarrier_track(struct warp *warp, const struct bound *i, unsigned lane, uint64_t *object) {
    if (!is_valid(warp, i, lane, object))
        return false;
    if (warp->grid->race)
        race_mbarrier_track(warp, i, lane, mbarrier_place(warp->block->cluster, object));
    return true;
}

bool mbarrier_parity_of_state(uint64_t state) { return unpack(state).phase; }
uint32_t mbarrier_pending(uint64_t state) { return unpack(state).pending; }

bool mbarrier_passed(struct warp *warp, const struct bound *i, unsigned lane, const uint64_t *object,
                     bool parity, bool *passed) {
    const struct block *block = warp->block;
    if ((const uint8_t *)object < block->shared ||
        (const uint8_t *)object >= block->shared + warp->grid->shared_bytes)
        return refuse(warp, i, lane,
                      "a thread waits for an mbarrier of another block; it can only arrive there");
    if (!is_valid(warp, i, lane, object))
        return false;
    *passed = unpack(*object).phase != parity;
    if (warp->grid->race)
        race_mbarrier_wait(warp, i, lane, mbarrier_place(warp->block->cluster, object), *passed);
    return true;
}
