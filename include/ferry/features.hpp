// Which optional libraries this build has. CMake's target says so; without its word there are none.
#pragma once

#ifndef FERRY_HAS_TLS
#define FERRY_HAS_TLS 0
#endif
#ifndef FERRY_HAS_ZLIB
#define FERRY_HAS_ZLIB 0
#endif
#ifndef FERRY_HAS_BROTLI
#define FERRY_HAS_BROTLI 0
#endif
#ifndef FERRY_HAS_ZSTD
#define FERRY_HAS_ZSTD 0
#endif
#ifndef FERRY_HAS_PSL
#define FERRY_HAS_PSL 0
#endif
