/** What we take from jstat, which ships no types. */
declare module 'jstat' {
  const jstat: {
    /** The regularised incomplete beta function I_x(alpha, beta). */
    ibeta(x: number, alpha: number, beta: number): number;
    readonly beta: {
      /** The p-quantile of the beta distribution. */
      inv(p: number, alpha: number, beta: number): number;
    };
    readonly studentt: {
      /** The p-quantile of Student's t distribution. */
      inv(p: number, degreesOfFreedom: number): number;
    };
  };
  export default jstat;
}
