/* Berths of a harbor, kept in a small table. */
#include <stdio.h>
#include <string.h>

#define MOST_BERTHS 16
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

struct berth {
  char name[32];
  int depth_cm;
};

typedef struct {
  struct berth berths[MOST_BERTHS];
  int count;
} harbor_t;

typedef int (*berth_filter)(const struct berth *berth, void *context);

enum tide { TIDE_LOW, TIDE_HIGH };

static harbor_t harbor;
static const char *const tide_names[] = {
  "low",
  "high",
};

int harbor_add(const char *name, int depth_cm);

/* Adds a berth.
   Returns its number, or -1 when the table is full. */
int harbor_add(const char *name, int depth_cm) {
  if (harbor.count == MOST_BERTHS) return -1;
  struct berth *berth = &harbor.berths[harbor.count];
  strncpy(berth->name, name, sizeof berth->name - 1);
  berth->depth_cm = depth_cm;
  return harbor.count++;
}

static const struct berth *deepest(berth_filter filter,
                                   void *context)  // of those that the filter takes
{
  const struct berth *best = NULL;
  for (int i = 0; i < harbor.count; ++i) {
    const struct berth *berth = &harbor.berths[i];
    if (filter && !filter(berth, context)) continue;
    if (!best || berth->depth_cm > best->depth_cm) best = berth;
  }
  return best;
}

#ifdef HARBOR_MAIN
int main(void) {
  harbor_add("north", 450);
  printf("%s\n", deepest(NULL, NULL)->name);
  return 0;
}
#endif
