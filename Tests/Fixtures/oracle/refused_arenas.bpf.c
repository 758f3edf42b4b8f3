// refused: both arenas
#include "common.h"
struct { __uint(type, 33); __uint(map_flags, BPF_F_MMAPABLE); __uint(max_entries, 2); } one SEC(".maps"), two SEC(".maps");
USES(uses, &one, &two)
