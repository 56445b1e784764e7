import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['extension/tests/**/*.test.ts', 'extension/lab/tests/**/*.test.ts'],
    environment: 'happy-dom',
    passWithNoTests: false
  }
});
