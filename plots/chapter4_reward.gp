# chapter4_reward.gp: the reward against the symbols that the policy has learnt from, a line for each seed,
# beside chapter 3's with its baseline where there is one of the same reward; below it the KL that it took,
# and what the critic foresaw.
# Given by the program: least (nats, the least KL for a reward of 0.95; -1: not known), share (1: the reward
# is 0 or 1), chapter3 (whose curves: 2, of a run beside this one; 1, the book's; 0, nobody's).
figure = 'chapter4_reward'
load root.'/plots/style.gp'
if (!exists("least")) least = -1
if (!exists("share")) share = 1
if (!exists("chapter3")) chapter3 = 2
file = data.'curves.csv'
other = chapter3 == 2 ? data.'../chapter3/curves.csv' : root.'/plots/chapter3_curves.csv'
if (chapter3) chapter3 = int(system(sprintf('test -f "%s" && echo 1 || echo 0', other)))

stats file using 'seed' nooutput
first = STATS_min; last = STATS_max
stats file using 'kl' nooutput
below = STATS_mean <= 0 # then all of it may be, and gnuplot wants a point to draw
stats file using 'symbols' nooutput
longest = STATS_max / 1000
if (chapter3) {
    stats other using 'seed' nooutput
    other_first = STATS_min; other_last = STATS_max
} else {
    other = file; other_first = 1; other_last = 0
}

set terminal svg size 760,700 dynamic rounded background '#ffffff' \
    font 'Helvetica,Arial,sans-serif,14' name figure
set multiplot
set xrange [0:longest]
# thousands of symbols, of a long run in bins over which the plots' 'smooth unique' takes the mean
bin = longest < 80 ? 0 : 8.0
binned(x) = bin > 0 ? (floor(x / 1000 / bin) + 0.5) * bin : x / 1000
x(s) = column('seed') == s ? binned(column('symbols')) : NaN
theirs(s) = chapter3 && column('seed') == s && (chapter3 ? column('baseline') : 0) > 0 ? binned(column('symbols')) : NaN

set origin 0, 0.52; set size 1, 0.48
set ylabel (bin > 0 ? 'reward, mean over 8k symbols' : 'mean reward of a batch')
if (share) { set yrange [0:1.02] } else { set yrange [*:*] }
set format x ''
set bmargin 1
set title 'A critic beside the policy, at equal symbols'
@beside
plot keyentry with lines linetype 1 title 'actor, critic', \
    keyentry with lines linetype (chapter3 ? 2 : -2) title (chapter3 ? 'REINFORCE' : ''), \
    for [s=other_first:other_last] other using (theirs(s)):'reward' smooth unique with lines linetype 2 linewidth 1.3, \
    for [s=first:last] file using (x(s)):'reward' smooth unique with lines linetype 1 linewidth 1.3
unset title

set origin 0, 0.29; set size 1, 0.23
set tmargin 0.6
set ylabel 'KL, nats a text'
if (below) { set yrange [*:*] } else { set yrange [0:*] }
if (share) { set ytics 5 } else { set ytics autofreq }
plot for [s=other_first:other_last] other using (theirs(s)):'kl' smooth unique with lines linetype 2 linewidth 1.3, \
    for [s=first:last] file using (x(s)):'kl' smooth unique with lines linetype 1 linewidth 1.3, \
    (least > 0 ? least : NaN) with lines @bound title here('the least') at end

set origin 0, 0; set size 1, 0.29
set bmargin 3.6
set format x '%.0fk'
set xlabel 'sampled symbols'
# a batch without a surprise has next to nothing to explain, and the share of that is any number
drawn(share) = share > -0.2 ? share : -0.2
set ylabel "explained\nvariance"
set yrange [-0.22:1]
set ytics 0.5
plot for [s=first:last] file using (x(s)):(drawn(column('explained_variance'))) smooth unique with lines linetype 3 linewidth 1.3 dashtype solid
unset multiplot
