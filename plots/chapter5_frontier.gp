# chapter5_frontier.gp: what a reward costs in KL. The curve is the least there is, the crosses on it
# are the best policies for some prices beta, and the points are where PPO ends. Draws frontier.csv.
figure = 'chapter5_frontier'
load root.'/plots/style.gp'
file = data.'frontier.csv'

# the base rate p: of pi*, ln(q/(1-q)) = ln(p/(1-p)) + 1/beta
stats file using (log(column('best_reward') / (1 - column('best_reward'))) - 1 / column('beta')) every ::0::0 nooutput
p = 1 / (1 + exp(-STATS_max))
least(q) = q * log(q / p) + (1 - q) * log((1 - q) / (1 - p))

set rmargin 4
set parametric
set samples 400
set trange [p:0.99999]
set xlabel 'KL to the reference, nats'
set ylabel 'reward'
set xrange [0:*]
set yrange [p - 0.03:1.03]
set title 'The price of a reward'
set key at graph 0.97, 0.35 right top Left reverse
set label 1 sprintf('the reference: %.3f', p) at 0, p offset 1.5,0.2 textcolor rgb '#555555'
set label 2 'no policy earns this for so little' at graph 0.03, 0.9 textcolor rgb '#555555'
plot least(t), t with lines @bound title 'the least KL', \
    file using 'best_kl':'best_reward':(sprintf('  β = %g', column('beta'))) with labels left offset 0.4,-0.8 \
        textcolor rgb ink notitle, \
    file using 'best_kl':'best_reward' with points pointtype 6 pointsize 1.2 linewidth 1.6 linecolor rgb colour(2) title 'the best policy, π*', \
    file using 'kl':'reward' with points pointtype 7 pointsize 0.6 linecolor rgb colour(1) title 'PPO, each seed'
