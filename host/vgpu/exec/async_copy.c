/* cp.async from global to shared memory. */
#include "copy.h"
#include "memory_access.h"

#include <string.h>

/* True when lane l may read its first and last byte of count. */
static bool may_read(struct warp *w, const struct bound *from, u64 *at, unsigned l, u32 count) {
    const struct access access = {"asynchronous copy's load", false, 1, NULL, L2_NO_USE};
    u64 last[WARP_LANES];
    memcpy(last, at, sizeof last);
    last[l] += count - 1;
    return access_space(w, from, 1u << l, at, false, &access, PTX_SPACE_GLOBAL) &&
           access_space(w, from, 1u << l, last, false, &access, PTX_SPACE_GLOBAL);
}

/* [shared], [global], bytes{, source bytes}: what the source does not have is zero. */
static const struct bound *copy(struct warp *w, const struct bound *i, uint32_t mask,
                                const u32 *source_bytes) {
    u64 to[WARP_LANES] __attribute__((aligned(64))), from[WARP_LANES] __attribute__((aligned(64)));
    const u64 *from_base = lanes(w, i->o[0]);
    access_addresses(w, i, to);
    FOR_LANES { from[l] = from_base[l] + (u64)i->second_offset; }
    struct bound source = *i;
    source.window = i->second_window;
    uint32_t whole = 0;
    FOR_LANES { whole |= (uint32_t)(source_bytes == NULL || source_bytes[l] >= i->width) << l; }
    const struct access reads = {"asynchronous copy's load", false, i->width,
                                 &w->grid->counts.global_load_sectors, L2_COPY};
    const struct access writes = {"asynchronous copy's store", true, i->width, NULL, L2_NO_USE};
    if ((mask & whole) && !access_space(w, &source, mask & whole, from, false, &reads, PTX_SPACE_GLOBAL))
        return NULL;
    uint8_t *shared = access_space(w, i, mask, to, false, &writes, PTX_SPACE_SHARED);
    if (shared == NULL)
        return NULL;
    bool put_off = copy_is_put_off(w->grid);
    w->grid->changes++;
    FOR_ACTIVE(l) {
        u32 count = whole >> l & 1 ? i->width : source_bytes[l];
        if (count > 0 && count < i->width && !may_read(w, &source, from, l, count))
            return NULL;
        struct copy copy = {.kind = COPY_ASYNC,
                            .to.bytes = shared + to[l],
                            .from.bytes = (uint8_t *)memory_distance + from[l],
                            .bytes = count,
                            .zeros = i->width - count,
                            .warp = w,
                            .i = i,
                            .lane = l};
        if (put_off) {
            copy_put_off(&copy);
        } else {
            memset(shared + to[l], 0, i->width);
            memcpy(shared + to[l], copy.from.bytes, count);
        }
    }
    return i + 1;
}

HANDLER(copy_whole) { return copy(w, i, mask, NULL); }
HANDLER(copy_part) { return copy(w, i, mask, lanes(w, i->o[1])); }

HANDLER(commit) {
    trips_close_group(w);
    copy_commit(w, mask, COPY_ASYNC);
    return i + 1;
}
HANDLER(wait_group) {
    trips_wait_for_groups(w, (unsigned)i->offset);
    copy_wait(w, mask, COPY_ASYNC, (u64)i->offset, false);
    return i + 1;
}
HANDLER(wait_all) {
    trips_by(w, w->copy_trips);
    copy_commit(w, mask, COPY_ASYNC);
    copy_wait(w, mask, COPY_ASYNC, 0, false);
    return i + 1;
}

const struct instruction AT_LEVEL(async_copy_instructions)[] = {
    {"cp_async_ca_shared_global", "mnb", copy_whole},
    {"cp_async_cg_shared_global", "mnb", copy_whole},
    {"cp_async_ca_shared_global_part", "mnbw", copy_part},
    {"cp_async_cg_shared_global_part", "mnbw", copy_part},
    {"cp_async_commit_group", "", commit},
    {"cp_async_wait_group", "i", wait_group},
    {"cp_async_wait_all", "", wait_all},
    {NULL, NULL, NULL},
};
