# chapter3_variance.gp: the variance of the gradient estimate of one batch on the toy problem, a bar for each
# credit and baseline. The largest batch of variance.csv.
figure = 'chapter3_variance'
load root.'/plots/style.gp'
file = data.'variance.csv'
stats file using 'batch' nooutput
batch = STATS_max
stats file using (column('batch') == batch ? column('variance') : NaN) nooutput
top = STATS_max

set title sprintf('What a baseline takes away: the noise in the gradient of %d texts', batch)
set ylabel 'variance, summed over the weights'
set yrange [0:1.12 * top]
set xrange [-0.7:10.7]
set xtics ('no baseline' 1, 'the other texts' 5, 'moving average' 9) scale 0
set grid noxtics
set boxwidth 0.85
set rmargin 3
set key at graph 0.99, 0.98 samplen 1.5
bar(c) = column('batch') == batch && column('credit') == c ? 4 * column('baseline') + c : NaN
array names[3] = ['the whole return', 'reward to go', 'reward to go, paid at once']
plot for [c=0:2] file using (bar(c)):'variance' with boxes fillstyle solid (c == 0 ? 0.15 : c == 1 ? 0.5 : 0.95) border linewidth 1.4 \
        linecolor rgb colour(c == 1 ? 1 : c == 0 ? 2 : 3) dashtype solid title names[c + 1], \
    for [c=0:2] file using (bar(c)):'variance':(sprintf('%.2f', column('variance'))) with labels offset 0,0.7 textcolor rgb ink
