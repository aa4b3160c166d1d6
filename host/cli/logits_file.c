#include "logits_file.h"

#include "dtype.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are used as they lie in the file");

enum format { FORMAT_NPY, FORMAT_SAFETENSORS, FORMAT_RAW };

bool logits_layout_set(struct logits_layout *layout, lotto_dtype dtype, uint64_t rows, uint64_t vocab,
                       uint64_t offset, struct error *error) {
    if (rows == 0)
        return failure(error, "it has no rows");
    if (vocab == 0 || vocab > MAX_VOCAB)
        return failure(error, "its rows have %llu tokens; must be from 1 to %d", (unsigned long long)vocab,
                       MAX_VOCAB);
    if (rows > (uint64_t)INT64_MAX / vocab / sizeof(float))
        return failure(error, "it claims %llu rows, more than any file can hold", (unsigned long long)rows);
    *layout = (struct logits_layout){dtype, (int64_t)rows, (int64_t)vocab, offset};
    return true;
}

uint64_t logits_layout_bytes(const struct logits_layout *layout) {
    return (uint64_t)layout->rows * (uint64_t)layout->vocab * dtype_bytes(layout->dtype);
}

static bool ends_with(const char *text, const char *ending) {
    size_t length = strlen(text), ending_length = strlen(ending);
    return length >= ending_length && strcmp(text + length - ending_length, ending) == 0;
}

static bool read_at(int descriptor, uint64_t offset, void *to, size_t bytes, struct error *error) {
    size_t done = 0;
    while (done < bytes) {
        ssize_t count = pread(descriptor, (char *)to + done, bytes - done, (off_t)(offset + done));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return failure(error, "%s", strerror(errno));
        if (count == 0)
            return failure(error, "it became shorter while it was read");
        done += (size_t)count;
    }
    return true;
}

static bool write_all(int descriptor, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = write(descriptor, bytes, count);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        bytes += written;
        count -= (size_t)written;
    }
    return true;
}

/* Longer than any batch of logits; an endless pipe must not fill the disk. */
#define MOST_SPOOLED_BYTES (UINT64_C(16) << 30)

static bool copy_all(int from, int to, struct error *error) {
    static char buffer[1 << 16];
    for (uint64_t copied = 0; copied <= MOST_SPOOLED_BYTES;) {
        ssize_t count = read(from, buffer, sizeof buffer);
        if (count == 0)
            return true;
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return failure(error, "%s", strerror(errno));
        if (!write_all(to, buffer, (size_t)count))
            return failure(error, "copying it to a temporary file: %s", strerror(errno));
        copied += (uint64_t)count;
    }
    return failure(error, "it is a pipe that goes on after 16 GiB; give a file");
}

/* Replaces a pipe, which cannot be read at an offset, by an unnamed file with the same contents. */
static bool spool(int *descriptor, struct error *error) {
    FILE *file = tmpfile();
    if (file == NULL)
        return failure(error, "no temporary file to copy it to: %s", strerror(errno));
    int copy = dup(fileno(file));
    fclose(file);
    if (copy < 0)
        return failure(error, "%s", strerror(errno));
    if (!copy_all(*descriptor, copy, error)) {
        close(copy);
        return false;
    }
    close(*descriptor);
    *descriptor = copy;
    return true;
}

/* The name decides, then what was said about a raw file, then the first bytes. */
static bool format_of(const char *path, const struct logits_hint *hint, const uint8_t *prefix,
                      size_t prefix_bytes, enum format *format, struct error *error) {
    bool is_npy = ends_with(path, ".npy"), is_safetensors = ends_with(path, ".safetensors");
    if (hint->is_raw && (is_npy || is_safetensors))
        return usage_error(error, "it says its own dtype and shape; they can be given for raw files only");
    if (hint->is_raw)
        *format = FORMAT_RAW;
    else if (is_npy || (!is_safetensors && prefix_bytes >= 6 && memcmp(prefix, "\x93NUMPY", 6) == 0))
        *format = FORMAT_NPY;
    else if (is_safetensors || (prefix_bytes > 8 && prefix[8] == '{'))
        *format = FORMAT_SAFETENSORS;
    else
        return failure(error, "it is neither .npy nor .safetensors; raw logits need %s", hint->raw_options);
    if (hint->tensor != NULL && *format != FORMAT_SAFETENSORS)
        return usage_error(error, "it is not a .safetensors file, so it has no tensor named by --tensor %s",
                           hint->tensor);
    return true;
}

static bool read_header(int descriptor, enum format format, const uint8_t *prefix, size_t prefix_bytes,
                        uint64_t file_bytes, const char *tensor, struct logits_layout *layout,
                        struct error *error) {
    uint64_t header_bytes;
    bool known = format == FORMAT_NPY
                     ? npy_header_bytes(prefix, prefix_bytes, file_bytes, &header_bytes, error)
                     : safetensors_header_bytes(prefix, prefix_bytes, file_bytes, &header_bytes, error);
    if (!known)
        return false;
    uint8_t *header = allocate(error, header_bytes);
    if (header == NULL)
        return false;
    bool good = read_at(descriptor, 0, header, (size_t)header_bytes, error) &&
                (format == FORMAT_NPY
                     ? npy_parse(header, (size_t)header_bytes, file_bytes, layout, error)
                     : safetensors_parse(header, (size_t)header_bytes, file_bytes, tensor, layout, error));
    free(header);
    return good;
}

static bool read_layout(int *descriptor, const char *path, const struct logits_hint *hint,
                        struct logits_layout *layout, struct error *error) {
    struct stat status;
    if (fstat(*descriptor, &status) != 0)
        return failure(error, "%s", strerror(errno));
    if (S_ISDIR(status.st_mode))
        return failure(error, "%s", strerror(EISDIR));
    if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode))
        return failure(error, "it is a device, neither a file nor a pipe");
    if (!S_ISREG(status.st_mode) && (!spool(descriptor, error) || fstat(*descriptor, &status) != 0))
        return false;
    uint64_t file_bytes = (uint64_t)status.st_size;
    if (file_bytes == 0)
        return failure(error, "it is empty");

    uint8_t prefix[HEADER_PREFIX_BYTES];
    size_t prefix_bytes = file_bytes < sizeof prefix ? (size_t)file_bytes : sizeof prefix;
    enum format format = FORMAT_RAW;
    if (!read_at(*descriptor, 0, prefix, prefix_bytes, error))
        return false;
    if (!format_of(path, hint, prefix, prefix_bytes, &format, error))
        return false;
    if (format == FORMAT_RAW)
        return raw_layout(file_bytes, hint->raw_dtype, hint->raw_vocab, layout, error);
    return read_header(*descriptor, format, prefix, prefix_bytes, file_bytes, hint->tensor, layout, error);
}

bool logits_file_open(struct logits_file *file, const char *path, const struct logits_hint *hint,
                      struct error *error) {
    bool is_stdin = strcmp(path, "-") == 0;
    *file = (struct logits_file){.name = is_stdin ? "standard input" : path};
    file->descriptor = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    if (file->descriptor < 0)
        return failure(error, "%s: %s", file->name, strerror(errno));
    if (!read_layout(&file->descriptor, path, hint, &file->layout, error)) {
        close(file->descriptor);
        return failure_in(error, file->name);
    }
    return true;
}

void logits_file_close(struct logits_file *file) { close(file->descriptor); }

bool logits_file_read(const struct logits_file *file, int64_t first_row, int64_t rows, void *values,
                      struct error *error) {
    uint64_t row_bytes = (uint64_t)file->layout.vocab * dtype_bytes(file->layout.dtype);
    uint64_t offset = file->layout.offset + (uint64_t)first_row * row_bytes;
    return read_at(file->descriptor, offset, values, (size_t)((uint64_t)rows * row_bytes), error) ||
           failure_in(error, file->name);
}
