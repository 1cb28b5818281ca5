/* real.h: the number type of the whole project.
 *
 * float by default. `make REAL=double` builds everything in double: gradient checks run
 * there, where a right gradient agrees with central differences to 1e-6 or better. */
#ifndef REAL_H
#define REAL_H

#ifndef REAL
#define REAL float
#endif
typedef REAL real;

#endif
