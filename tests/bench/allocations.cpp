// Counts heap allocations and the bytes that are alive, preloaded into a client. It replaces malloc itself, so that
// what C libraries and operator new ask for is counted alike. For glibc, whose own entry points do the work.
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include <malloc.h>

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);
}

namespace {

std::atomic<std::int64_t> allocations, live;

void* taken(void* block) {
    if (block) {
        allocations.fetch_add(1, std::memory_order_relaxed);
        live.fetch_add(std::int64_t(malloc_usable_size(block)), std::memory_order_relaxed);
    }
    return block;
}

void given_back(std::int64_t size) { live.fetch_sub(size, std::memory_order_relaxed); }

}  // namespace

extern "C" {

std::int64_t bench_allocations() { return allocations.load(); }
std::int64_t bench_live_bytes() { return live.load(); }

void* malloc(std::size_t size) { return taken(__libc_malloc(size)); }
void* calloc(std::size_t number, std::size_t size) { return taken(__libc_calloc(number, size)); }
void* memalign(std::size_t alignment, std::size_t size) { return taken(__libc_memalign(alignment, size)); }
void* aligned_alloc(std::size_t alignment, std::size_t size) { return memalign(alignment, size); }

int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
    *block = memalign(alignment, size);
    return *block ? 0 : ENOMEM;
}

void* realloc(void* block, std::size_t size) {
    auto before = std::int64_t(malloc_usable_size(block));
    auto* moved = __libc_realloc(block, size);
    if (moved || size == 0) given_back(before);
    return taken(moved);
}

void free(void* block) {
    given_back(std::int64_t(malloc_usable_size(block)));
    __libc_free(block);
}
}
