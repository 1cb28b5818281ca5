# chapter5_compare.gp: PPO's reward against the symbols that it has drawn, a line for each seed, beside
# chapters 3 and 4, each with its own settings, where there are some of the same reward; below it the KL
# that it took, and how far PPO went in each rollout.
# Given by the program: least (nats, the least KL for a reward of 0.95; -1: not known), share (1: the reward
# is 0 or 1), chapter3 and chapter4 (whose curves: 2, of a run beside this one; 1, the book's; 0, nobody's).
figure = 'chapter5_compare'
load root.'/plots/style.gp'
if (!exists("least")) least = -1
if (!exists("share")) share = 1
if (!exists("chapter3")) chapter3 = 2
if (!exists("chapter4")) chapter4 = 2
file = data.'curves.csv'
there(f) = int(system(sprintf('test -f "%s" && echo 1 || echo 0', f)))
reinforce = chapter3 == 2 ? data.'../chapter3/curves.csv' : root.'/plots/chapter3_curves.csv'
critic = chapter4 == 2 ? data.'../chapter4/curves.csv' : root.'/plots/chapter4_curves.csv'

stats file using 'seed' nooutput
first = STATS_min; last = STATS_max
stats file using 'kl' nooutput
below = STATS_mean <= 0 # then all of it may be, and gnuplot wants a point to draw
stats file using 'symbols' nooutput
longest = STATS_max / 1000
first3 = 1; last3 = 0
first4 = 1; last4 = 0
if (chapter3 && there(reinforce)) {
    stats reinforce using 'seed' nooutput
    first3 = STATS_min; last3 = STATS_max
}
if (chapter4 && there(critic)) {
    stats critic using 'seed' nooutput
    first4 = STATS_min; last4 = STATS_max
}
# thousands of symbols; a row of another run breaks the line. The others' batches are smaller: they are
# binned to PPO's, and 'smooth unique' takes the mean over a bin.
bin = 14.0
binned(x) = (floor(x / 1000 / bin) + 0.5) * bin
x(s) = column('seed') == s ? column('symbols') / 1000 : NaN
x3(s) = column('seed') == s && column('baseline') > 0 ? binned(column('symbols')) : NaN
x4(s) = column('seed') == s ? binned(column('symbols')) : NaN

set terminal svg size 760,720 dynamic rounded background '#ffffff' \
    font 'Helvetica,Arial,sans-serif,14' name figure
set multiplot
set xrange [0:longest * 1.4]

set origin 0, 0.5; set size 1, 0.5
set title (last3 * last4 > 0 ? 'Three algorithms, at equal sampled symbols' : 'PPO')
set ylabel 'mean reward'
if (share) { set yrange [0:1] } else { set yrange [*:*] }
set format x ''
set bmargin 1
@beside
plot keyentry with lines linetype 1 title 'PPO', \
    keyentry with lines linetype (last4 > 0 ? 3 : -2) title (last4 > 0 ? 'actor, critic' : ''), \
    keyentry with lines linetype (last3 > 0 ? 2 : -2) title (last3 > 0 ? 'REINFORCE' : ''), \
    for [s=first3:last3] reinforce using (x3(s)):'reward' smooth unique with lines linetype 2 linewidth 1.2, \
    for [s=first4:last4] critic using (x4(s)):'reward' smooth unique with lines linetype 3 linewidth 1.4, \
    for [s=first:last] file using (x(s)):'reward' with lines linetype 1 linewidth 1.6
unset title

set origin 0, 0.26; set size 1, 0.25
set tmargin 0.6
set ylabel 'KL, nats a text'
if (below) { set yrange [*:*] } else { set yrange [0:*] }
if (share) { set ytics 5 } else { set ytics autofreq }
plot for [s=first3:last3] reinforce using (x3(s)):'kl' smooth unique with lines linetype 2 linewidth 1.2, \
    for [s=first4:last4] critic using (x4(s)):'kl' smooth unique with lines linetype 3 linewidth 1.4, \
    for [s=first:last] file using (x(s)):'kl' with lines linetype 1 linewidth 1.6, \
    (least > 0 ? least : NaN) with lines @bound title here('the least') at end

set origin 0, 0; set size 1, 0.27
set bmargin 3.6
set format x '%.0fk'
set xlabel 'sampled symbols'
set ylabel "largest ratio"
set logscale y
set format y '10^{%L}'
set yrange [1:*]
set ytics autofreq
plot for [s=first:last] file using (x(s)):'largest_ratio' with lines linetype 1 linewidth 1.6
unset multiplot
