/* Raw logits: nothing but values. */
#include "dtype.h"
#include "logits_file.h"

bool raw_layout(uint64_t file_bytes, lotto_dtype dtype, int64_t vocab, struct logits_layout *layout,
                struct error *error) {
    uint64_t row_bytes = (uint64_t)vocab * dtype_bytes(dtype);
    if (file_bytes % row_bytes != 0)
        return failure(error,
                       "its %llu bytes are not a whole number of rows of %lld %s values (%llu bytes each)",
                       (unsigned long long)file_bytes, (long long)vocab, dtype_name(dtype),
                       (unsigned long long)row_bytes);
    return logits_layout_set(layout, dtype, file_bytes / row_bytes, (uint64_t)vocab, 0, error);
}
