# chapter5_hacking.gp: a reward that counts a word, with no price on KL and with one: what is earned, and
# how the texts read to the reference. Draws hacking_free.csv and hacking_priced.csv.
figure = 'chapter5_hacking'
load root.'/plots/style.gp'
free = data.'hacking_free.csv'
priced = data.'hacking_priced.csv'

set terminal svg size 760,560 dynamic rounded background '#ffffff' \
    font 'Helvetica,Arial,sans-serif,14' name figure
set multiplot
set lmargin 9
stats priced using 'symbols' name 'priced' nooutput
stats free using 'symbols' name 'free' nooutput
stats free using 'seed' name 'seed' nooutput
x(s) = column('seed') == s ? column('symbols') / 1000 : NaN
name(s, text) = s == seed_max ? here(text) : ''
longest = free_max > priced_max ? free_max : priced_max
set xrange [0:longest / 1000]

set origin 0, 0.47; set size 1, 0.53
set title 'The reward is the number of times that "hello" is said'
set ylabel 'mean reward'
set yrange [0:*]
set format x ''
set bmargin 1
plot for [s = seed_min:seed_max] free using (x(s)):'reward' with lines linetype 2 \
        title name(s, 'β = 0') at end, \
    for [s = seed_min:seed_max] priced using (x(s)):'reward' with lines linetype 1 \
        title name(s, 'with a price') at end
unset title

set origin 0, 0; set size 1, 0.48
set tmargin 0.6; set bmargin 3.6
set format x '%.0fk'
set xlabel 'sampled symbols'
set ylabel "log P under the reference,\nnats per symbol"
set yrange [*:0]
plot for [s = seed_min:seed_max] free using (x(s)):'fluency' with lines linetype 2 \
        title name(s, 'β = 0') at end, \
    for [s = seed_min:seed_max] priced using (x(s)):'fluency' with lines linetype 1 \
        title name(s, 'with a price') at end
unset multiplot
