# chapter4_value.gp: what the critic expected while four texts were being written. The letters run along the
# axis; the step before each is V, what was expected before it came. Two texts earned more than their batch did
# on average (values.csv has them first), two did not.
figure = 'chapter4_value'
load root.'/plots/style.gp'
file = data.'values.csv'

stats file using 'position' nooutput
longest = STATS_max
stats file using 'value' nooutput
low = STATS_min < 0 ? STATS_min : 0; high = STATS_max > 1 ? STATS_max : 1
stats file using 'text' nooutput
texts = STATS_max + 1
array earned[texts] # before any range is set: stats leaves out what lies beyond one
do for [i=1:texts] {
    stats file using (column('text') == i - 1 ? column('reward') : NaN) nooutput
    earned[i] = STATS_max
}

set terminal svg size 1000,(70 + 105 * texts) dynamic rounded background '#ffffff' \
    font 'Helvetica,Arial,sans-serif,14' name figure
set multiplot
set xrange [-1:longest + 1]
set yrange [low - 0.03:high * 1.08]
set ytics 0.5
unset xtics
set grid noxtics
set border 2
set lmargin 8; set rmargin 10; set tmargin 0; set bmargin 0
set xzeroaxis linetype 7 linecolor rgb '#bbbbbb' linewidth 0.8
share = 105.0 / (70 + 105 * texts)
at(i) = column('text') == i ? column('position') - 0.5 : NaN
do for [i=0:texts - 1] {
    set origin 0, 1 - (40 / (70.0 + 105 * texts)) - (i + 1) * share; set size 1, share * 0.94
    if (i == 0) { set label 9 'What the critic expects before each letter, V(s_t)' at screen 0.5, screen 0.97 center textcolor rgb ink } else { unset label 9 }
    set label 1 sprintf('R = %.3g', earned[i + 1]) at graph 1.01, 0.5 textcolor rgb colour(earned[i + 1] > 0 ? 1 : 2)
    set bmargin 1.4
    plot file using (at(i)):'value' with fillsteps linecolor rgb faint(i < 2 ? 1 : 2) fillstyle solid 0.45, \
        file using (at(i)):'value' with steps linetype (i < 2 ? 1 : 2) linewidth 1.8 dashtype solid, \
        file using (column('text') == i ? column('position') : NaN):(low):'letter' with labels noenhanced \
            offset 0,-0.75 font 'Courier,monospace,11' textcolor rgb ink
}
unset multiplot
