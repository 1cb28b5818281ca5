# debugging.gp: a short run of chapter 5 with a mistake in it (dashed) beside the same run without
# (solid), a line for each of five seeds: the reward, the KL, and the column that gives it away.
# Draws debugging_<name>.csv and debugging_<other>.csv. Given: name, other, and tells, the column.
figure = 'debugging_'.name
load root.'/plots/style.gp'
wrong = data.'debugging_'.name.'.csv'
right = data.'debugging_'.other.'.csv'
is(column) = tells eq column
called = is('entropy') ? 'entropy, nats a symbol' : is('ended') ? 'share that ended' : \
    is('explained_variance') ? 'explained variance' : is('approx_kl') ? 'approximate KL, nats a symbol' : \
    is('gradient_norm') ? 'gradient norm' : 'largest ratio'

stats wrong using 'step' name 'step' nooutput
stats right using 'kl' name 'right' nooutput
stats wrong using 'kl' name 'wrong' nooutput
seed(s) = column('seed') == s ? column('step') + 1 : NaN
steep = wrong_max > 5 * right_max # the mistake needs a scale of powers of ten

set terminal svg size 760,300 dynamic rounded background '#ffffff' \
    font 'Helvetica,Arial,sans-serif,13' name figure
set multiplot layout 1,3 margins 0.06, 0.985, 0.17, 0.78 spacing 0.075, 0
set xrange [1:step_max + 1]
set xtics (1, 4, 8, 12)
set xlabel 'rollout' offset 0,0.3
set yrange [0:1.02]
set title 'reward'
set arrow 1 from screen 0.02, screen 0.94 to screen 0.07, screen 0.94 nohead linetype 1
set label 1 'as it should be' at screen 0.08, screen 0.94 textcolor rgb colour(1)
set arrow 2 from screen 0.25, screen 0.94 to screen 0.30, screen 0.94 nohead linetype 2
set label 2 'with the mistake' at screen 0.31, screen 0.94 textcolor rgb colour(2)
plot for [s=1:5] right using (seed(s)):'reward' with lines linetype 1 linewidth 1.4, \
    for [s=1:5] wrong using (seed(s)):'reward' with lines linetype 2 linewidth 1.4
unset arrow
unset label

# on a scale of powers of ten the first 0 has no place
set title 'KL, nats a text'
if (steep) { set logscale y; set yrange [0.5:*]; set format y '%g' } else { set yrange [0:*] }
plot for [s=1:5] right using (seed(s)):'kl' with lines linetype 1 linewidth 1.4, \
    for [s=1:5] wrong using (seed(s)):'kl' with lines linetype 2 linewidth 1.4
unset logscale y

set title called
set yrange [0:*]
if (is('largest_ratio')) { set logscale y; set yrange [0.8:*]; set format y '10^{%T}'; set ytics 100 }
if (is('ended')) { set yrange [0:1.02] }
if (is('explained_variance')) { set yrange [-0.5:1.02] }
# a share of next to nothing may be any number
drawn(y) = is('explained_variance') && y < -0.5 ? -0.5 : y
plot for [s=1:5] right using (seed(s)):(drawn(column(tells))) with lines linetype 1 linewidth 1.4, \
    for [s=1:5] wrong using (seed(s)):(drawn(column(tells))) with lines linetype 2 linewidth 1.4
unset multiplot
