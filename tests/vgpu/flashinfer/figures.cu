// One operation of FlashInfer on rows of logits from a file, for the report: figures FILE VOCAB ROWS OPERATION.
// FILE holds rows of VOCAB floats, one after the other; they are repeated to ROWS rows.
#include "../expect.cuh"
#include "launchers.h"

#include <cstring>

using namespace flashinfer_launch;

std::vector<float> read_rows(const char *path, unsigned vocab, unsigned count) {
    FILE *file = fopen(path, "rb");
    expect(file, "the file of logits opens");
    std::vector<float> row(vocab), rows;
    while (fread(row.data(), sizeof(float), vocab, file) == vocab)
        rows.insert(rows.end(), row.begin(), row.end());
    fclose(file);
    expect(!rows.empty(), "the file holds a row of that vocabulary");
    size_t held = rows.size();
    rows.resize((size_t)count * vocab);
    for (size_t i = held; i < rows.size(); i++)
        rows[i] = rows[i - held];
    return rows;
}

int main(int argc, char **argv) {
    if (argc != 5) {
        printf("usage: figures FILE VOCAB ROWS softmax|top-p|top-k-top-p\n");
        return 2;
    }
    unsigned vocab = (unsigned)atoi(argv[2]), count = (unsigned)atoi(argv[3]);
    const char *operation = argv[4];
    device_vector<float> logits(read_rows(argv[1], vocab, count)), probs((size_t)count * vocab);
    device_vector<int> ids(count);
    device_vector<bool> valid(count);
    device_vector<uint8_t> workspace(workspace_bytes);
    must(cudaMemset(workspace.items, 0, workspace_bytes));

    must(softmax({logits.items, count, vocab}, probs.items, 1, workspace.items));
    rows of = {probs.items, count, vocab};
    draws to = {ids.items, valid.items, nullptr, count, 1, 0, true};
    if (strcmp(operation, "top-p") == 0)
        must(sample_top_p(of, 0.9f, to));
    else if (strcmp(operation, "top-k-top-p") == 0)
        must(sample_top_k_top_p(of, 50, 0.9f, to));
    else
        expect(strcmp(operation, "softmax") == 0, "the operation is softmax, top-p or top-k-top-p");
    must(cudaDeviceSynchronize());
}
