/* curves.c: any bytes as the curves.csv that a resumed run finds. A refusal keeps the rows that
 * were there; what is accepted is saved and read back the same. */
#include "curves.h"

#include <math.h>

#include "fuzz.h"
#include "run.h"

FUZZ_TARGET(curves)
{
    Error err = {""};
    Run run = {.started = 0};
    Curves *c = curves_new("seed,step,loss"), *same = curves_new("seed,step,loss");
    curves_add(c, 1, 2, 3);
    if (!curves_load(c, fuzz_file("in.csv", bytes, size), &err)) {
        fuzz_check_sentence(&err);
        REQUIRE(c->rows == 1 && curves_at(c, 0, "loss") == 3, "the row that was there is gone");
    } else {
        fuzz_path("");
        snprintf(run.dir, sizeof run.dir, "%s", fuzz_dir);
        REQUIRE(curves_save(c, &run, "out.csv", &err), "%s", err.text);
        REQUIRE(curves_load(same, fuzz_path("out.csv"), &err), "%s", err.text);
        REQUIRE(same->rows == c->rows, "%d rows, then %d", c->rows, same->rows);
        for (int i = 0; i < 3 * c->rows; i++) {
            double x = c->values[i], y = same->values[i];
            REQUIRE(x == y || fabs(x - y) <= 1e-8 * fabs(x) || (isnan(x) && isnan(y)),
                    "%g, then %g", x, y);
        }
    }
    curves_free(c), curves_free(same);
}
