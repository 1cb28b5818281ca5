# chapter3_reward.gp: the reward against the symbols that the policy has learnt from: a line for each seed,
# with a baseline and, where it was compared, without one. Above it the KL that it took.
# Given by the program: least (nats, the least KL for the reward reached; -1: not known), share (1: the reward
# is 0 or 1).
figure = 'chapter3_reward'
load root.'/plots/style.gp'
if (!exists("least")) least = -1
if (!exists("share")) share = 1
file = data.'curves.csv'

stats file using 'seed' nooutput
first = STATS_min; last = STATS_max
stats file using 'kl' nooutput
below = STATS_mean <= 0 # then all of it may be, and gnuplot wants a point to draw
stats file using 'baseline' nooutput
without = STATS_min == 0

set terminal svg size 760,560 dynamic rounded background '#ffffff' \
    font 'Helvetica,Arial,sans-serif,14' name figure
set multiplot
set xrange [0:*]
set format x '%.0fk'
# thousands of symbols; a row of another run breaks the line
x(s, with) = column('seed') == s && (with ? column('baseline') > 0 : column('baseline') == 0) ? \
    column('symbols') / 1000 : NaN

set origin 0, 0.36; set size 1, 0.64
set ylabel 'mean reward of a batch'
set format x ''
set bmargin 1
set title (share ? 'A rare word becomes the rule' : 'The reward, step by step')
@beside
plot keyentry with lines linetype 1 title 'baseline', \
    keyentry with lines linetype (without ? 2 : -2) title (without ? 'none' : ''), \
    for [s=first:last] file using (without ? x(s, 0) : NaN):'reward' with lines linetype 2 linewidth 1.3, \
    for [s=first:last] file using (x(s, 1)):'reward' with lines linetype 1 linewidth 1.3
unset title

set origin 0, 0; set size 1, 0.37
set tmargin 0.6; set bmargin 3.6
set format x '%.0fk'
set xlabel 'sampled symbols'
set ylabel 'KL, nats a text'
if (share) { set ytics 5 } else { set ytics autofreq }
if (below) { set yrange [*:*] } else { set yrange [0:*] }
plot for [s=first:last] file using (without ? x(s, 0) : NaN):'kl' with lines linetype 2 linewidth 1.3, \
    for [s=first:last] file using (x(s, 1)):'kl' with lines linetype 1 linewidth 1.3, \
    (least > 0 ? least : NaN) with lines @bound title here('the least') at end
unset multiplot
