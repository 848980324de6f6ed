"""What every experiment uses: sampling, counting, statistics, prompts, costs."""
